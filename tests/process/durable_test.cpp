// Where a durable subscription goes on: after its last acknowledged event.

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "durable_fixture.hpp"

using shmbus::Event;
using shmbus::Start;
using test::billing;
using test::billing_by_hand;
using test::DurableBus;
using test::from_to;
using test::poll_all;
using test::poll_once;
using test::publish;
using test::Sequences;

TEST_CASE("start counts where the name is new, and no more then", "[durable]") {
  DurableBus f;
  shmbus::Publisher publisher = f.bus.publisher("t");
  publish(publisher, 10);
  for (int i = 0; i < 3; ++i) {
    shmbus::Subscriber subscriber = f.bus.subscriber("t", {.start = Start::sequence(4), .durable = "billing"});
    CHECK(poll_once(subscriber) == from_to(4, 10));
  }
  shmbus::Subscriber subscriber = f.bus.subscriber("t", {.start = Start::latest(), .durable = "billing"});
  CHECK(poll_once(subscriber) == from_to(4, 10));
  shmbus::Subscriber ahead = f.bus.subscriber("t", {.start = Start::sequence(13), .durable = "ahead"});
  shmbus::Subscriber timed = f.bus.subscriber(
      "t",
      {.start = Start::time(shmbus::Time{std::chrono::system_clock::now().time_since_epoch()}), .durable = "timed"});
  publish(publisher, 5);
  CHECK(poll_once(timed) == from_to(11, 15));
  CHECK(poll_once(ahead) == from_to(13, 15));
}

TEST_CASE("a position survives that nothing was polled", "[durable]") {
  DurableBus f;
  shmbus::Publisher publisher = f.bus.publisher("t");
  publish(publisher, 10);
  std::this_thread::sleep_for(std::chrono::milliseconds{2});  // an event's time is known within 1 ms
  const auto now = Start::time(shmbus::Time{std::chrono::system_clock::now().time_since_epoch()});
  { shmbus::Subscriber latest = f.bus.subscriber("t", {.durable = "latest"}); }
  { shmbus::Subscriber ahead = f.bus.subscriber("t", {.start = Start::sequence(13), .durable = "ahead"}); }
  { shmbus::Subscriber timed = f.bus.subscriber("t", {.start = now, .durable = "timed"}); }
  publish(publisher, 5);
  const auto rest = [&](const char* name) {
    shmbus::Subscriber subscriber = f.bus.subscriber("t", {.start = Start::oldest(), .durable = name});
    return poll_once(subscriber);
  };
  CHECK(rest("latest") == from_to(11, 15));
  CHECK(rest("ahead") == from_to(13, 15));
  CHECK(rest("timed") == from_to(11, 15));
}

TEST_CASE("a topic that is newer than the name is read from its first event", "[durable]") {
  DurableBus f;
  shmbus::Publisher old = f.bus.publisher("t.old");
  publish(old, 3);
  { shmbus::Subscriber first = f.bus.subscriber("t.*", billing); }
  shmbus::Publisher made = f.bus.publisher("t.new");
  publish(made, 3);
  publish(old, 1);
  shmbus::Subscriber next = f.bus.subscriber("t.*", billing);
  std::vector<std::string> seen;
  next.poll([&](const Event& event) { seen.push_back(std::string(event.topic()) + std::to_string(event.sequence())); });
  std::sort(seen.begin(), seen.end());
  CHECK(seen == std::vector<std::string>{"t.new1", "t.new2", "t.new3", "t.old4"});
}

TEST_CASE("a topic that is made while the name is held, is read from its first event by the next holder too",
          "[durable]") {
  DurableBus f;
  std::optional<shmbus::Subscriber> holder(f.bus.subscriber("t.*", billing));
  shmbus::Publisher made = f.bus.publisher("t.new");
  publish(made, 3);
  SECTION("never polled") { holder.reset(); }
  SECTION("polled, not acknowledged") {
    CHECK(poll_once(*holder) == from_to(1, 3));
    holder.reset();
  }
  shmbus::Subscriber next = f.bus.subscriber("t.*", billing);
  CHECK(poll_once(next) == from_to(1, 3));
}

TEST_CASE("what the ring drops while nobody holds the name counts as lost, exactly", "[durable]") {
  DurableBus f;
  shmbus::Publisher publisher = f.bus.publisher("t", {.block_size = 4096, .blocks = 4});
  {
    shmbus::Subscriber subscriber = f.bus.subscriber("t", billing);
    publish(publisher, 10);
    poll_all(subscriber);
  }
  publish(publisher, 3000);
  shmbus::Subscriber next = f.bus.subscriber("t", billing);
  const Sequences seen = poll_all(next);
  REQUIRE_FALSE(seen.empty());
  CHECK(seen == from_to(seen.front(), 3010));
  CHECK(seen.front() > 11);
  CHECK(next.lost() == seen.front() - 11);
}

TEST_CASE("a typed subscriber can be durable", "[durable]") {
  DurableBus f;
  auto publisher = f.bus.publisher<std::uint64_t>("t");
  {
    auto first = f.bus.subscriber<std::uint64_t>("t", billing_by_hand);
    for (std::uint64_t i = 1; i <= 5; ++i) publisher.publish(i);
    first.poll([&](const std::uint64_t& value, const Event& event) {
      if (value == 3) CHECK(first.acknowledge(event));
    });
    CHECK_FALSE(first.standing_by());
  }
  auto next = f.bus.subscriber<std::uint64_t>("t", billing_by_hand);
  Sequences seen;
  next.poll([&](const std::uint64_t& value) { seen.push_back(value); });
  CHECK(seen == Sequences{4, 5});
}
