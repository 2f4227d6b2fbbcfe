// A durable subscription with hold_for keeps its place in the ring: a restart loses nothing.

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>

#include "durable_fixture.hpp"
#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/refusal.hpp"
#include "support/temporary_bus.hpp"
#include "support/temporary_journals.hpp"
#include "support/time_limits.hpp"

using namespace std::chrono_literals;
using shmbus::Acknowledge;
using shmbus::Delivery;
using shmbus::Event;
using shmbus::Status;
using shmbus::SubscriberOptions;
using test::ForkedProcess;
using test::from_to;
using test::Parent;
using test::poll_all;
using test::Sequences;

namespace {

const shmbus::TopicOptions small{.block_size = 4096, .blocks = 4};

SubscriberOptions holding(std::chrono::nanoseconds hold_for, Acknowledge acknowledge = Acknowledge::next_poll) {
  return {.delivery = Delivery::reliable, .durable = "billing", .hold_for = hold_for, .acknowledge = acknowledge};
}

/// Publishes until the ring is held back. Returns the last sequence.
std::uint64_t fill(shmbus::Publisher& publisher) {
  std::uint64_t last = 0;
  const std::string payload(500, 'x');
  for (int i = 0; i < 10'000; ++i) {
    const auto result = publisher.try_publish(payload);
    if (result.status() == Status::back_pressured) return last;
    test::require(bool{result}, "a publish");
    last = result.sequence();
  }
  throw std::runtime_error("nothing holds publishers back");
}

/// Acknowledges the first events, up to the one that its parent names, and then only reads on.
ForkedProcess holder(const std::string& bus_name, std::chrono::nanoseconds hold_for) {
  return ForkedProcess([bus_name, hold_for](const Parent& parent) {
    shmbus::Bus bus = shmbus::Bus::open(bus_name);
    auto subscriber = std::make_unique<shmbus::Subscriber>(bus.subscriber("t", holding(hold_for, Acknowledge::manual)));
    parent.say();
    const std::uint64_t until = parent.hear();
    std::uint64_t last = 0;
    while (last < until) {
      subscriber->poll([&](const Event& event) {
        last = event.sequence();
        if (last <= until) subscriber->acknowledge(event);
      });
    }
    while (subscriber->poll([&](const Event& event) { last = event.sequence(); }) != 0) {
    }
    parent.say(last);
    parent.hear();
    subscriber.reset();
    parent.say();
    parent.hear();  // its process lives on
  });
}

shmbus::HeldPlaceSnapshot place(const std::string& bus_name) {
  for (const auto& topic : shmbus::Inspector(bus_name).snapshot().topics) {
    if (topic.info.name == "t" && !topic.places.empty()) return topic.places.front();
  }
  throw std::runtime_error("no place");
}

}  // namespace

TEST_CASE("a restart of a reliable durable subscriber with hold_for loses nothing, however it ended", "[durable]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t", small);
  ForkedProcess first = holder(name.name(), 1h);
  first.hear();
  test::publish(publisher, 20);
  first.say(5);
  const std::uint64_t read = first.hear();
  CHECK(read == 20);
  SECTION("killed") {
    first.kill();
    const std::uint64_t last = fill(publisher);
    CHECK(last > 20);
    CHECK(place(name.name()).held);
    CHECK_FALSE(publisher.publish_for(20ms, std::string(500, 'x')));
    shmbus::Subscriber next = bus.subscriber("t", holding(1h));
    CHECK(poll_all(next) == from_to(6, last));
    CHECK(next.lost() == 0);
    CHECK_FALSE(place(name.name()).held);
  }
  SECTION("closed") {
    first.say();
    first.hear();
    const std::uint64_t last = fill(publisher);
    CHECK(place(name.name()).held);
    shmbus::Subscriber next = bus.subscriber("t", holding(1h));
    CHECK(poll_all(next) == from_to(6, last));
    CHECK(next.lost() == 0);
  }
  SECTION("killed while publishers wait for it") {
    const std::uint64_t last = fill(publisher);
    CHECK(last > 20);
    first.kill();
    CHECK(fill(publisher) == 0);
    shmbus::Subscriber next = bus.subscriber("t", holding(1h));
    CHECK(poll_all(next) == from_to(6, last));
    CHECK(next.lost() == 0);
  }
}

TEST_CASE("publishers wait for hold_for after a holder's end, and not longer; what they drop then is counted",
          "[durable]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t", small);
  ForkedProcess first = holder(name.name(), 200ms);
  first.hear();
  test::publish(publisher, 20);
  first.say(5);
  first.hear();
  const bool killed = GENERATE(true, false);
  if (killed) {
    first.kill();
  } else {
    first.say();
    first.hear();
  }
  std::this_thread::sleep_for(250ms);  // nobody is held back yet: this does not count
  std::uint64_t last = fill(publisher);
  const auto began = std::chrono::steady_clock::now();
  const auto result = publisher.publish_for(test::patience, std::string(500, 'x'));
  REQUIRE(result);
  CHECK(std::chrono::steady_clock::now() - began >= 150ms);
  CHECK(shmbus::Inspector(name.name()).snapshot().topics.at(0).places.empty());  // the port is free
  for (int i = 0; i < 100; ++i) last = publisher.publish(std::string(500, 'x')).sequence();
  shmbus::Subscriber next = bus.subscriber("t", holding(200ms));
  const Sequences seen = poll_all(next);
  REQUIRE_FALSE(seen.empty());
  CHECK(seen == from_to(seen.front(), last));
  CHECK(next.lost() == seen.front() - 6);
}

TEST_CASE("a subscriber with hold_for that polls and waits stops no publisher for good", "[durable]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t", small);
  shmbus::Subscriber subscriber = bus.subscriber("t", holding(1h));
  std::atomic<bool> enough{false};
  int read = 0;
  std::thread reader([&] {
    while (!enough) {
      if (subscriber.wait(test::patience)) subscriber.poll([&](const Event&) { ++read; });
    }
  });
  for (int i = 0; i < 2000; ++i) REQUIRE(publisher.publish_for(test::patience, std::string(3000, 'x')));
  enough = true;
  subscriber.interrupt();
  reader.join();
  read += static_cast<int>(poll_all(subscriber).size());
  CHECK(read == 2000);
  CHECK(subscriber.lost() == 0);
}

TEST_CASE("a place is given up by who opens the name without hold_for, and by forgetting the name", "[durable]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t", small);
  { const shmbus::Subscriber first = bus.subscriber("t", holding(1h)); }
  CHECK(fill(publisher) > 0);
  CHECK(fill(publisher) == 0);
  SECTION("opened without") {
    shmbus::Subscriber next = bus.subscriber("t", {.delivery = Delivery::reliable, .durable = "billing"});
    CHECK(poll_all(next).front() == 1);
  }
  SECTION("forgotten") { CHECK(bus.forget("billing")); }
  CHECK(shmbus::Inspector(name.name()).snapshot().topics.at(0).places.empty());
  CHECK(publisher.publish_for(test::patience, std::string(500, 'x')));
}

TEST_CASE("one name's place is not another's", "[durable]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t", small);
  { const shmbus::Subscriber first = bus.subscriber("t", holding(1h)); }
  SubscriberOptions other = holding(1h);
  other.durable = "shipping";
  { const shmbus::Subscriber second = bus.subscriber("t", other); }
  CHECK(shmbus::Inspector(name.name()).snapshot().topics.at(0).places.size() == 2);
  CHECK(bus.forget("shipping"));
  CHECK(place(name.name()).name == "billing");
  const std::uint64_t last = fill(publisher);
  shmbus::Subscriber next = bus.subscriber("t", holding(1h));
  CHECK(poll_all(next) == from_to(1, last));
}

TEST_CASE("a topic with a journal holds nobody back for a name", "[durable][journal]") {
  const test::TemporaryJournals journals;
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.journals = journals.path()});
  shmbus::TopicOptions options = small;
  options.journal = shmbus::Journal::page_cache();
  shmbus::Publisher publisher = bus.publisher("t", options);
  { const shmbus::Subscriber first = bus.subscriber("t", holding(1h)); }
  for (int i = 0; i < 200; ++i) REQUIRE(publisher.publish_for(test::patience, std::string(500, 'x')));
  shmbus::Subscriber next = bus.subscriber("t", holding(1h));
  Sequences seen;
  while (seen.size() < 200) {
    next.poll([&](const Event& event) { seen.push_back(event.sequence()); });
    next.wait(10ms);
  }
  CHECK(seen == from_to(1, 200));
  CHECK(next.lost() == 0);
}

TEST_CASE("hold_for is refused where it means nothing", "[durable]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  const auto refused = [&](const SubscriberOptions& options) {
    test::expect_refusal({shmbus::ErrorCode::invalid_option, "hold_for"},
                         [&] { static_cast<void>(bus.subscriber("t", options)); });
  };
  refused({.durable = "billing", .hold_for = 1s});
  refused({.delivery = Delivery::reliable, .hold_for = 1s});
  refused({.delivery = Delivery::reliable, .durable = "billing", .hold_for = -1s});
}
