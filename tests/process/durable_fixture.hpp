#pragma once

#include <cstdint>
#include <vector>

#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"

namespace test {

/// Numbers of events, in the order in which they were handed out.
using Sequences = std::vector<std::uint64_t>;

inline Sequences poll_all(shmbus::Subscriber& subscriber) {
  Sequences seen;
  while (subscriber.poll([&](const shmbus::Event& event) { seen.push_back(event.sequence()); }) != 0) {
  }
  return seen;
}

inline void publish(shmbus::Publisher& publisher, int count) {
  for (int i = 0; i < count; ++i) require(bool{publisher.publish("x")}, "a publish");
}

inline Sequences from_to(std::uint64_t first, std::uint64_t last) {
  Sequences sequences;
  for (std::uint64_t s = first; s <= last; ++s) sequences.push_back(s);
  return sequences;
}

}  // namespace test
