// Retained events outlive the handler, the subscriber and the bus, whatever the publishers do meanwhile.

#include <array>
#include <catch2/catch.hpp>
#include <optional>
#include <thread>
#include <vector>

#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/numbered_event.hpp"
#include "support/time_limits.hpp"
#include "support/temporary_bus.hpp"

using test::ForkedProcess;
using test::Parent;
using test::SelfChecking;

namespace {

/// Fills the ring many times over, from another process.
void overrun(const std::string& bus, std::uint64_t first_number) {
  ForkedProcess publisher{[&](const Parent&) {
    shmbus::Bus member = shmbus::Bus::open(bus);
    shmbus::Publisher p = member.publisher("t");
    for (std::uint64_t n = first_number; n < first_number + 2000; ++n) {
      test::require(SelfChecking::publish(p, n, 20).status() == shmbus::Status::ok, "publish");
    }
  }};
  REQUIRE(publisher.wait() == test::End{});
}

const shmbus::TopicOptions small{.block_size = 4096, .blocks = 2};

}  // namespace

TEST_CASE("a retained event stays intact while publishers lap the ring", "[retain]") {
  const test::TemporaryBus name;
  std::optional<shmbus::Bus> bus = shmbus::Bus::open(name.name());
  bus->topic("t", small);
  std::optional<shmbus::Subscriber> subscriber = bus->subscriber("t");
  std::vector<shmbus::RetainedEvent> retained;
  std::vector<std::uint64_t> numbers;
  std::vector<shmbus::Time> times;
  // One event from each of twelve rounds: eight blocks can be pinned, and the rest are copies.
  for (std::uint64_t run = 0; run < 12; ++run) {
    overrun(name.name(), run * 10'000 + 1);
    bool taken = false;
    while (subscriber->poll([&](const shmbus::Event& event) {
      if (taken) return;
      taken = true;
      retained.push_back(event.retain());
      numbers.push_back(SelfChecking::number(event.payload()));
      times.push_back(event.time());
    }) != 0) {
    }
  }
  const auto check = [&] {
    for (std::size_t i = 0; i < retained.size(); ++i) {
      CHECK(SelfChecking::whole(retained[i]->payload()));
      CHECK(SelfChecking::number(retained[i]->payload()) == numbers[i]);
      CHECK(retained[i]->time() == times[i]);
      CHECK(retained[i]->topic() == "t");
      CHECK(retained[i].copied() == (i >= 8));
    }
  };
  REQUIRE(retained.size() == 12);
  check();
  subscriber.reset();
  overrun(name.name(), 500'000);
  check();
  bus.reset();
  overrun(name.name(), 600'000);
  check();
  std::thread elsewhere([gone = std::move(retained)]() mutable { gone.clear(); });
  elsewhere.join();
  const auto snapshot = shmbus::Inspector(name.name()).snapshot();
  CHECK(snapshot.topics.at(0).subscribers.empty());
  CHECK(snapshot.nodes.empty());
}

TEST_CASE("events of one block share a pin, a released pin is used again, and an event can be retained twice",
          "[retain]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  bus.topic("t", small);
  shmbus::Subscriber subscriber = bus.subscriber("t", {.start = shmbus::Start::oldest()});
  for (std::uint64_t run = 0; run < 50; ++run) {
    overrun(name.name(), run * 2000 + 1);
    std::vector<shmbus::RetainedEvent> retained;
    while (subscriber.poll([&](const shmbus::Event& event) { retained.push_back(event.retain()); }) != 0) {
    }
    REQUIRE(retained.size() > 10);
    retained.push_back((*retained.front()).retain());
    CHECK(!retained.back().copied());
    retained.front() = std::move(retained[1]);
    overrun(name.name(), run * 2000 + 1);
    for (std::size_t i = 0; i < retained.size(); ++i) {
      if (i != 1) CHECK(SelfChecking::whole(retained[i]->payload()));
    }
    CHECK(!retained.front().copied());
    while (subscriber.poll([](const shmbus::Event&) {}) != 0) {
    }
    if (run >= 50 / test::slowness) break;
  }
}
