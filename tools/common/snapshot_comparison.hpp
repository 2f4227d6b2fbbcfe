#pragma once

#include <cstdint>
#include <vector>

#include "shmbus/inspector.hpp"

// What a later look has in common with an earlier one.
namespace shmbus::tool {

/// The same topic at the earlier look; null where it was not there or could not be read.
const TopicSnapshot* same_topic(const BusSnapshot& before, const TopicSnapshot& topic);

/// The same port at the earlier look of its topic, which may be null; null where another or nobody held it.
template <class Port>
const Port* same_port(const std::vector<Port>* before, const Port& port) {
  if (before == nullptr) return nullptr;
  for (const Port& p : *before) {
    if (p.port == port.port && p.node == port.node) return &p;
  }
  return nullptr;
}

/// 0 where the later number is smaller: then it is another's that took the same place.
inline double growth(std::uint64_t before, std::uint64_t after) {
  return after > before ? static_cast<double>(after - before) : 0;
}

}  // namespace shmbus::tool
