#pragma once

#include <cstdint>
#include <string>

#include "shmbus/bus.hpp"
#include "shmbus/inspector.hpp"
#include "support/forked_process.hpp"

// How the members of a bus appear to others.
namespace test {

/// Whether an inspector shows a node as alive.
inline bool lives(const std::string& bus, std::uint64_t node) {
  for (const auto& n : shmbus::Inspector(bus).snapshot().nodes) {
    if (n.id == node) return n.alive;
  }
  return false;
}

/// Whether the topic has room for one more publisher: false if another one has the exclusive right.
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
