// Who stands by for a durable name takes over when its holder ends or dies, and goes on after the last acknowledged event.

#include <poll.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "durable_fixture.hpp"
#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/privileges.hpp"
#include "support/temporary_bus.hpp"
#include "support/time_limits.hpp"

using namespace std::chrono_literals;
using shmbus::Acknowledge;
using shmbus::Event;
using shmbus::Start;
using shmbus::SubscriberOptions;
using test::ForkedProcess;
using test::Parent;
using test::from_to;
using test::poll_all;
using test::publish;
using test::Sequences;

namespace {

SubscriberOptions standby(Acknowledge acknowledge = Acknowledge::next_poll) {
  return {.durable = "billing", .acknowledge = acknowledge, .standby = true};
}

/// Holds the name and acknowledges the events up to the one that its parent names, then waits.
ForkedProcess holder(const std::string& bus_name) {
  return ForkedProcess([bus_name](const Parent& parent) {
    shmbus::Bus bus = shmbus::Bus::open(bus_name);
    auto subscriber = std::make_unique<shmbus::Subscriber>(
        bus.subscriber("t", {.durable = "billing", .acknowledge = Acknowledge::manual}));
    parent.say(subscriber->standing_by() ? 1 : 0);
    for (std::uint64_t last = 0;;) {
      const std::uint64_t until = parent.hear();
      if (until == 0) break;
      while (last < until) {
        subscriber->poll([&](const Event& event) {
          last = event.sequence();
          if (last <= until) subscriber->acknowledge(event);
        });
      }
      parent.say(last);
    }
    subscriber.reset();
    parent.say();
    parent.hear();  // its process lives on
  });
}

}  // namespace

TEST_CASE("a subscriber stands by, and takes over after the last acknowledged event", "[durable]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t");
  ForkedProcess first = holder(name.name());
  CHECK(first.hear() == 0);
  publish(publisher, 10);
  shmbus::Subscriber second = bus.subscriber("t", standby());
  CHECK(second.standing_by());
  CHECK(poll_all(second).empty());
  CHECK(second.topics() == 0);
  CHECK(second.status() == shmbus::Status::ok);
  CHECK_FALSE(second.wait(20ms));
  first.say(6);
  CHECK(first.hear() >= 6);
  SECTION("the holder dies") { first.kill(); }
  SECTION("the holder ends, and its process lives on") {
    first.say(0);
    first.hear();
  }
  CHECK(second.wait(test::patience));
  CHECK_FALSE(second.standing_by());
  CHECK(poll_all(second) == from_to(7, 10));
  CHECK(second.lost() == 0);
  publish(publisher, 1);
  CHECK(second.wait(test::patience));
  CHECK(poll_all(second) == Sequences{11});
}

TEST_CASE("polls alone take over, too", "[durable]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t");
  ForkedProcess first = holder(name.name());
  first.hear();
  publish(publisher, 3);
  shmbus::Subscriber second = bus.subscriber("t", standby());
  CHECK(poll_all(second).empty());
  first.kill();
  Sequences seen;
  test::wait_until("the events", [&] {
    for (const std::uint64_t s : poll_all(second)) seen.push_back(s);
    return seen.size() == 3;
  });
  CHECK(seen == from_to(1, 3));
}

TEST_CASE("the descriptor becomes readable when the holder is gone", "[durable]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t");
  ForkedProcess first = holder(name.name());
  first.hear();
  publish(publisher, 3);
  shmbus::Subscriber second = bus.subscriber("t", standby());
  struct pollfd readable {
    second.fd(), POLLIN, 0
  };
  CHECK(poll_all(second).empty());
  first.kill();
  const test::Deadline deadline;
  Sequences seen;
  while (seen.empty()) {
    deadline.check("the take-over");
    REQUIRE(::poll(&readable, 1, 90'000) == 1);
    seen = poll_all(second);
  }
  CHECK(seen == from_to(1, 3));
  publish(publisher, 1);
  while (seen.back() != 4) {
    deadline.check("the next event");
    REQUIRE(::poll(&readable, 1, 90'000) == 1);
    for (const std::uint64_t s : poll_all(second)) seen.push_back(s);
  }
}

TEST_CASE("one that stands by holds no publisher back, and can be interrupted and ended", "[durable]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t", {.block_size = 4096, .blocks = 2});
  ForkedProcess first = holder(name.name());
  first.hear();
  SubscriberOptions reliable = standby();
  reliable.delivery = shmbus::Delivery::reliable;
  shmbus::Subscriber second = bus.subscriber("t", reliable);
  publish(publisher, 5000);
  shmbus::Publisher made = bus.publisher("u", {.block_size = 4096, .blocks = 2});
  shmbus::Subscriber third = bus.subscriber("t", reliable);
  CHECK(third.standing_by());
  std::thread interrupter([&] {
    std::this_thread::sleep_for(20ms);
    third.interrupt();
  });
  CHECK_FALSE(third.wait(test::patience));
  interrupter.join();
  { const shmbus::Subscriber ended = std::move(third); }
  first.kill();
  CHECK(second.wait(test::patience));
  CHECK_FALSE(poll_all(second).empty());
}

TEST_CASE("of several that stand by, one takes over at a time", "[durable]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t");
  std::vector<ForkedProcess> members;
  for (std::uint64_t i = 0; i < 4; ++i) {
    members.push_back(ForkedProcess([&name](const Parent& parent) {
      shmbus::Bus own = shmbus::Bus::open(name.name());
      shmbus::Subscriber subscriber = own.subscriber("t", standby());
      parent.say();
      while (subscriber.wait(test::patience)) {
        subscriber.poll([](const Event&) {});
      }
    }));
    members.back().hear();
  }
  shmbus::Inspector inspector(name.name());
  const auto standing_by = [&] {
    const auto all = inspector.snapshot().subscriptions;
    return std::count_if(all.begin(), all.end(), [](const auto& s) { return s.standing_by; });
  };
  CHECK(standing_by() == 3);
  std::vector<std::int32_t> holders;
  while (holders.size() < members.size()) {
    publish(publisher, 1);  // the holder of the beginning waits for one
    std::int32_t holder = 0;
    test::wait_until("the next holder", [&] {
      holder = inspector.durables().at(0).pid;
      return holder != 0 && std::find(holders.begin(), holders.end(), holder) == holders.end();
    });
    holders.push_back(holder);
    const auto member = std::find_if(members.begin(), members.end(), [&](const auto& m) { return m.pid() == holder; });
    REQUIRE(member != members.end());
    member->kill();
  }
  shmbus::Subscriber last = bus.subscriber("t", standby());
  if (last.standing_by()) CHECK(last.wait(test::patience));
  CHECK_FALSE(last.standing_by());
  bus.reap();
  CHECK(standing_by() == 0);
}

TEST_CASE("a subscription with workers takes over, handles the rest, and goes on", "[durable]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t");
  ForkedProcess first = holder(name.name());
  first.hear();
  publish(publisher, 10);
  std::mutex mutex;
  Sequences seen;
  auto subscription = bus.subscribe(
      "t",
      [&](const Event& event) {
        const std::lock_guard lock(mutex);
        seen.push_back(event.sequence());
      },
      standby());
  CHECK(subscription.standing_by());
  first.say(6);
  first.hear();
  first.kill();
  test::wait_until("the rest", [&] { return subscription.handled() == 4; });
  publish(publisher, 1);
  test::wait_until("the next", [&] { return subscription.handled() == 5; });
  CHECK_FALSE(subscription.standing_by());
  const std::lock_guard lock(mutex);
  CHECK(seen == from_to(7, 11));
}

TEST_CASE("a topic that is made while the name changes hands is read from its first event", "[durable]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t.a");
  std::optional<shmbus::Subscriber> first(bus.subscriber("t.*", {.durable = "billing"}));
  shmbus::Subscriber second = bus.subscriber("t.*", standby());
  first.reset();
  shmbus::Publisher made = bus.publisher("t.b");
  publish(made, 3);
  CHECK(second.wait(test::patience));
  CHECK(poll_all(second) == from_to(1, 3));
  publish(made, 1);
  CHECK(poll_all(second) == Sequences{4});
}

TEST_CASE("a forked child neither holds a name nor stands by for it", "[durable]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  bus.topic("t");
  std::optional<shmbus::Subscriber> first(bus.subscriber("t", {.durable = "billing"}));
  std::optional<shmbus::Subscriber> second(bus.subscriber("t", standby()));
  ForkedProcess child([&](const Parent& parent) {
    test::require(poll_all(*second).empty() && !second->wait(1s), "a child does not wait");
    first.reset();
    second.reset();
    parent.say();
    parent.hear();
  });
  child.hear();
  CHECK(second->standing_by());
  first.reset();
  CHECK(second->wait(test::patience));
  CHECK_FALSE(second->standing_by());
  child.say();
  CHECK(child.wait() == test::End{});
}

TEST_CASE("who stands by takes over from a holder in another pid namespace, and the other way round",
          "[durable][namespace]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t");
  const auto hold_or_stand_by = [&](const Parent& parent) {
    shmbus::Bus own = shmbus::Bus::open(name.name());
    shmbus::Subscriber subscriber = own.subscriber("t", standby(Acknowledge::manual));
    parent.say(subscriber.standing_by() ? 1 : 0);
    for (std::uint64_t until = parent.hear(); until != 0; until = parent.hear()) {
      std::uint64_t last = 0;
      const test::Deadline deadline;
      while (last < until) {
        deadline.check("an event");
        if (subscriber.poll([&](const Event& event) { test::require(subscriber.acknowledge(event), "no"), last = event.sequence(); },
                            1) == 0)
          subscriber.wait(10ms);
      }
      parent.say(last);
    }
  };
  auto there = test::in_namespaces(CLONE_NEWPID, hold_or_stand_by);
  if (!there) return;
  CHECK(there->hear() == 0);
  publish(publisher, 10);
  there->say(4);
  CHECK(there->hear() == 4);
  ForkedProcess here(hold_or_stand_by);
  CHECK(here.hear() == 1);
  there->kill();  // and with it, a moment later, its namespace
  here.say(7);
  CHECK(here.hear() == 7);
  auto again = test::in_namespaces(CLONE_NEWPID, hold_or_stand_by);
  REQUIRE(again);
  CHECK(again->hear() == 1);
  here.kill();
  again->say(9);
  CHECK(again->hear() == 9);
  again->kill();
  shmbus::Subscriber last = bus.subscriber("t", standby());
  test::wait_until("the name", [&] { return !last.standing_by() || last.wait(10ms); });
  Sequences seen;
  test::wait_until("the rest", [&] {
    for (const std::uint64_t s : poll_all(last)) seen.push_back(s);
    return !seen.empty();
  });
  CHECK(seen == Sequences{10});
  CHECK(last.lost() == 0);
}
