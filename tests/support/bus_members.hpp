#pragma once

#include <cstdint>
#include <string>

#include "shmbus/bus.hpp"
#include "shmbus/inspector.hpp"
#include "support/forked_process.hpp"

// What the members of a bus look like to others.
namespace test {

/// Whether an inspector takes a node for alive.
inline bool lives(const std::string& bus, std::uint64_t node) {
  for (const auto& n : shmbus::Inspector(bus).snapshot().nodes) {
    if (n.id == node) return n.alive;
  }
  return false;
}

/// Whether the topic has room for one more publisher: false where somebody has the exclusive right.
inline bool may_publish(shmbus::Bus& bus, const std::string& topic, const shmbus::TopicOptions& options) {
  try {
    bus.publisher(topic, options);
    return true;
  } catch (const shmbus::Error& error) {
    require(error.code() == shmbus::ErrorCode::busy, error.what());
    return false;
  }
}

}  // namespace test
