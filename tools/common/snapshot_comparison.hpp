#pragma once

#include <cstdint>
#include <vector>

#include "shmbus/inspector.hpp"

// Finds the same topics and ports in an earlier snapshot.
namespace shmbus::tool {

/// The same topic in the earlier snapshot; null if it was not there or could not be read.
const TopicSnapshot* same_topic(const BusSnapshot& before, const TopicSnapshot& topic);

/// The same port in the earlier snapshot of its topic, which may be null. Null if the port was free or held by another node.
template <class Port>
const Port* same_port(const std::vector<Port>* before, const Port& port) {
  if (before == nullptr) return nullptr;
  for (const Port& p : *before) {
    if (p.port == port.port && p.node == port.node) return &p;
  }
  return nullptr;
}

/// The difference, or 0 if the later number is smaller: then it belongs to another node in the same port.
inline double growth(std::uint64_t before, std::uint64_t after) {
  return after > before ? static_cast<double>(after - before) : 0;
}

}  // namespace shmbus::tool
