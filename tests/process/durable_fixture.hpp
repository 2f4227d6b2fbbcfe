#pragma once

#include <catch2/catch.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/refusal.hpp"
#include "support/temporary_bus.hpp"

namespace test {

/// Numbers of events, in the order in which they were handed out.
using Sequences = std::vector<std::uint64_t>;

inline Sequences poll_once(shmbus::Subscriber& subscriber, std::size_t limit = 256) {
  Sequences seen;
  subscriber.poll([&](const shmbus::Event& event) { seen.push_back(event.sequence()); }, limit);
  return seen;
}

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

/// Checks that `use` is refused with this code and object, and a text that holds `phrase`.
template <class Use>
void refused(shmbus::ErrorCode code, const std::string& object, const std::string& phrase, Use use) {
  expect_refusal({code, object}, [&] {
    try {
      use();
    } catch (const shmbus::Error& error) {
      CHECK_THAT(error.what(), Catch::Contains(phrase));
      throw;
    }
  });
}

/// A bus of its own, opened.
struct DurableBus {
  TemporaryBus name{};
  shmbus::Bus bus = shmbus::Bus::open(name.name());
};

inline const shmbus::SubscriberOptions billing{.durable = "billing"};
inline const shmbus::SubscriberOptions billing_by_hand{.durable = "billing",
                                                       .acknowledge = shmbus::Acknowledge::manual};

}  // namespace test
