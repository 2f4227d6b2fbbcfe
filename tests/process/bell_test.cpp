// Each subscription has a bell of its own.

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <deque>
#include <thread>
#include <vector>

#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/time_limits.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using shmbus::Event;

TEST_CASE("events of one topic wake no subscriber of another one in the same process", "[wake]") {
  constexpr std::size_t kTopics = 32;
  constexpr std::uint64_t kEvents = 1000;
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 1h});  // no bounded sleep ends during the test
  std::deque<shmbus::Subscriber> subscribers;
  std::vector<shmbus::Publisher> publishers;
  for (std::size_t i = 0; i < kTopics; ++i) {
    subscribers.push_back(bus.subscriber("t" + std::to_string(i), {.wait = shmbus::WaitStrategy::sleep()}));
    publishers.push_back(bus.publisher("t" + std::to_string(i)));
  }
  std::vector<std::thread> threads;
  for (shmbus::Subscriber& subscriber : subscribers) {
    threads.emplace_back([&] {
      std::uint64_t seen = 0;
      while (seen < kEvents && subscriber.wait()) seen += subscriber.poll([](const Event&) {});
      while (subscriber.wait()) {
      }
    });
  }
  shmbus::Inspector inspector(name.name());
  const auto wakeups = [&](bool first) {
    std::uint64_t sum = 0;
    for (const shmbus::TopicSnapshot& topic : inspector.snapshot().topics) {
      if ((topic.info.name == "t0") == first) sum += topic.subscribers.at(0).wakeups;
    }
    return sum;
  };
  const auto all_asleep = [&] {
    std::size_t asleep = 0;
    for (const shmbus::TopicSnapshot& topic : inspector.snapshot().topics) asleep += topic.subscribers.at(0).sleeping;
    return asleep == kTopics;
  };
  test::wait_until("all to sleep", all_asleep);
  const std::uint64_t others = wakeups(false);
  for (std::uint64_t i = 0; i < kEvents; ++i) {
    REQUIRE(publishers[0].publish("x"));
    if (i % 10 == 0) std::this_thread::sleep_for(100us);
  }
  test::wait_until("the events", [&] { return inspector.snapshot().topics.at(0).subscribers.at(0).lag == 0; });
  CHECK(wakeups(false) == others);
  bus.interrupt();
  for (std::thread& thread : threads) thread.join();
}

TEST_CASE("an interrupt of a bus ends all of its waits, and an interrupt of a subscriber only its own", "[wake]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 1h});
  shmbus::Subscriber one = bus.subscriber("a"), other = bus.subscriber("b");
  std::atomic<int> ended{0};
  std::thread first([&] {
    CHECK_FALSE(one.wait());
    ++ended;
  });
  std::thread second([&] {
    CHECK_FALSE(other.wait());
    ++ended;
  });
  one.interrupt();
  first.join();
  std::this_thread::sleep_for(20ms);
  CHECK(ended == 1);
  bus.interrupt();
  second.join();
}
