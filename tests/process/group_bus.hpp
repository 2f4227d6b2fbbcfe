#pragma once

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/refusal.hpp"
#include "support/temporary_bus.hpp"
#include "support/time_limits.hpp"

namespace test {

/// Numbers of events, in the order in which they were leased.
using Sequences = std::vector<std::uint64_t>;

/// A bus of its own, opened.
struct GroupBus {
  TemporaryBus name{};
  shmbus::Bus bus = shmbus::Bus::open(name.name());
};

/// Leases again at once, reads from the first event, and makes no dead letters.
inline shmbus::GroupOptions prompt() {
  return {.window = 1024, .max_deliveries = 0, .backoff = {}, .start = shmbus::Start::oldest()};
}

inline void publish(shmbus::Publisher& publisher, int count) {
  for (int i = 0; i < count; ++i) require(bool{publisher.publish_for(patience, "x")}, "a publish");
}

/// Takes an event. Throws where none comes.
inline shmbus::Lease take(shmbus::Group& group) {
  shmbus::Lease lease = group.take(patience);
  require(bool{lease}, "an event to take");
  return lease;
}

/// Takes and acknowledges events until none can be taken.
inline Sequences take_all(shmbus::Group& group) {
  Sequences taken;
  while (shmbus::Lease lease = group.try_take()) {
    taken.push_back(lease.event().sequence());
    require(lease.acknowledge() == shmbus::Status::ok, "an acknowledgement");
  }
  return taken;
}

/// Takes and acknowledges as many events.
inline Sequences take_some(shmbus::Group& group, std::size_t count) {
  Sequences taken;
  while (taken.size() < count) {
    shmbus::Lease lease = take(group);
    taken.push_back(lease.event().sequence());
    require(lease.acknowledge() == shmbus::Status::ok, "an acknowledgement");
  }
  return taken;
}

inline Sequences from_to(std::uint64_t first, std::uint64_t last) {
  Sequences sequences;
  for (std::uint64_t s = first; s <= last; ++s) sequences.push_back(s);
  return sequences;
}

}  // namespace test
