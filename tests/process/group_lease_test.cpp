// A lease and its ends: acknowledged, given back, rejected, extended, expired, destroyed.

#include <catch2/catch.hpp>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "group_bus.hpp"

using namespace std::chrono_literals;
using shmbus::Group;
using shmbus::Lease;
using shmbus::Publisher;
using shmbus::Status;
using test::GroupBus;
using test::prompt;
using test::publish;
using test::Sequences;
using test::take;
using Clock = std::chrono::steady_clock;

TEST_CASE("an acknowledged event is not leased again", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t");
  std::optional<Group> group(f.bus.group("t", "g", prompt()));
  CHECK(group->topic() == "t");
  CHECK(group->name() == "g");
  CHECK_FALSE(group->try_take());
  REQUIRE(publisher.publish("first", {.headers = {{"colour", "red"}}, .key = "u1"}));
  publish(publisher, 9);
  {
    Lease lease = take(*group);
    CHECK(lease.event().sequence() == 1);
    CHECK(lease.event().topic() == "t");
    CHECK(lease.event().text() == "first");
    CHECK(lease.event().header("colour") == "red");
    CHECK(lease.event().key() == "u1");
    CHECK(lease.deliveries() == 1);
    CHECK(lease.acknowledge() == Status::ok);
    CHECK_FALSE(lease);
  }
  CHECK(test::take_all(*group) == test::from_to(2, 10));
  group.reset();
  Group next = f.bus.group("t", "g", prompt());
  CHECK_FALSE(next.try_take());
  CHECK(next.status() == Status::ok);
  CHECK(next.lost() == 0);
}

TEST_CASE("an event that is retained outlives its lease, in place", "[group]") {
  GroupBus f;
  f.bus.topic("t", {.block_size = 4096, .blocks = 2});
  Publisher publisher = f.bus.publisher("t");
  Group group = f.bus.group("t", "g", prompt());
  REQUIRE(publisher.publish("first"));
  Lease lease = take(group);
  const shmbus::RetainedEvent kept = lease.event().retain();
  CHECK_FALSE(kept.copied());
  CHECK(kept->payload().data() == lease.event().payload().data());
  const shmbus::Time time = lease.event().time();
  CHECK(lease.acknowledge() == Status::ok);
  for (int i = 0; i < 500; ++i) {  // several times the ring
    publish(publisher, 1);
    CHECK(take(group).acknowledge() == Status::ok);
  }
  CHECK(kept->text() == "first");
  CHECK(kept->time() == time);
}

TEST_CASE("an event that is given back is leased again after the delay, and counts its deliveries", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t");
  Group group = f.bus.group("t", "g", prompt());
  publish(publisher, 1);
  unsigned deliveries = 0;
  for (const auto delay : {0ms, 30ms, 0ms, 60ms}) {
    Lease lease = take(group);
    CHECK(lease.event().sequence() == 1);
    CHECK(lease.deliveries() == ++deliveries);
    const auto before = Clock::now();
    CHECK(lease.give_back(delay) == Status::ok);
    CHECK_FALSE(lease);
    Lease again = take(group);
    CHECK(Clock::now() - before >= delay);
    CHECK(again.deliveries() == ++deliveries);
    CHECK(again.give_back(0s) == Status::ok);
  }
  CHECK(take(group).acknowledge() == Status::ok);
  CHECK_FALSE(group.try_take());
}

TEST_CASE("a delayed event lets those behind it pass", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t");
  Group group = f.bus.group("t", "g", prompt());
  publish(publisher, 3);
  CHECK(take(group).give_back(1h) == Status::ok);
  CHECK(test::take_all(group) == Sequences{2, 3});
  CHECK_FALSE(group.take(20ms));
}

TEST_CASE("a lease that ends otherwise gives its event back", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t");
  Group group = f.bus.group("t", "g", prompt());
  publish(publisher, 2);
  SECTION("destroyed") {
    { const Lease lease = take(group); }
    Lease again = take(group);
    CHECK(again.event().sequence() == 1);
    CHECK(again.deliveries() == 2);
  }
  SECTION("another lease moved over it") {
    Lease lease = take(group);
    lease = take(group);
    CHECK(lease.event().sequence() == 2);
    CHECK(take(group).event().sequence() == 1);
  }
  SECTION("moved, it is the same lease") {
    Lease lease = take(group);
    Lease moved(std::move(lease));
    CHECK(moved.event().sequence() == 1);
    CHECK(moved.acknowledge() == Status::ok);
    CHECK(test::take_all(group) == Sequences{2});
  }
}

TEST_CASE("a lease outlives its Group and its Bus", "[group]") {
  const test::TemporaryBus name;
  Lease lease;
  {
    shmbus::Bus bus = shmbus::Bus::open(name.name());
    Publisher publisher = bus.publisher("t");
    Group group = bus.group("t", "g", prompt());
    publish(publisher, 2);
    lease = take(group);
  }
  CHECK(lease.event().text() == "x");
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  Group next = bus.group("t", "g", prompt());
  CHECK(test::take_all(next) == Sequences{2});
  CHECK(lease.acknowledge() == Status::ok);
  CHECK_FALSE(next.take(10ms));
}

TEST_CASE("the group's back-off grows with the deliveries", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t");
  shmbus::GroupOptions options = prompt();
  options.backoff = {20ms, 60ms};
  Group group = f.bus.group("t", "g", options);
  publish(publisher, 1);
  auto before = Clock::now();
  const auto fail = [&](std::chrono::milliseconds least) {
    Lease lease = take(group);
    CHECK(Clock::now() - before >= least);
    before = Clock::now();
    CHECK(lease.give_back() == Status::ok);
  };
  fail(0ms);
  fail(20ms);
  fail(60ms);
  fail(60ms);  // the last counts for all later ones
  Lease lease = take(group);
  CHECK(lease.deliveries() == 5);
  CHECK(Clock::now() - before >= 60ms);
}

TEST_CASE("a lease whose time is over ends, and what its holder says is refused", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t");
  shmbus::GroupOptions options = prompt();
  options.lease = 30ms;
  Group group = f.bus.group("t", "g", options);
  publish(publisher, 1);
  Lease stale = take(group);
  Lease again = take(group);
  CHECK(again.event().sequence() == 1);
  CHECK(again.deliveries() == 2);
  SECTION("acknowledge") { CHECK(stale.acknowledge() == Status::expired); }
  SECTION("give back") { CHECK(stale.give_back() == Status::expired); }
  SECTION("reject") {
    CHECK(stale.reject("late") == Status::expired);
    CHECK_FALSE(f.bus.find_topic("t.dead"));
  }
  SECTION("extend") { CHECK(stale.extend(1h) == Status::expired); }
  CHECK(again.acknowledge() == Status::ok);
  CHECK_FALSE(group.take(50ms));
}

TEST_CASE("a stale holder is refused also after the event is settled, and its slot has another event", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t");
  shmbus::GroupOptions options = prompt();
  options.lease = 20ms;
  Group group = f.bus.group("t", "g", options);
  publish(publisher, 1);
  Lease stale = take(group);
  CHECK(take(group).acknowledge() == Status::ok);
  publish(publisher, 1024);
  CHECK(test::take_some(group, 1023) == test::from_to(2, 1024));
  Lease later = take(group);  // in the slot of the first
  CHECK(later.event().sequence() == 1025);
  CHECK(stale.acknowledge() == Status::expired);
  static_cast<void>(later.acknowledge());
}

TEST_CASE("an extended lease lasts, but in all no longer than lease_most", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t");
  shmbus::GroupOptions options = prompt();
  SECTION("it lasts") {
    options.lease = 2s;
    options.lease_most = 1h;
    Group group = f.bus.group("t", "g", options);
    publish(publisher, 1);
    Lease lease = take(group);
    CHECK(lease.extend(30min) == Status::ok);
    CHECK_FALSE(group.take(2500ms));
    CHECK(lease.acknowledge() == Status::ok);
  }
  SECTION("not for ever") {
    options.lease = 20ms;
    options.lease_most = 80ms;
    Group group = f.bus.group("t", "g", options);
    publish(publisher, 1);
    Lease lease = take(group);
    const auto began = Clock::now();
    while (lease.extend(1h) == Status::ok) {
      REQUIRE(Clock::now() - began < test::patience);
      std::this_thread::sleep_for(1ms);
    }
    Lease again = take(group);
    CHECK(again.deliveries() == 2);
    CHECK(lease.acknowledge() == Status::expired);
  }
  SECTION("to less than it would have lasted") {
    options.lease = 1h;
    Group group = f.bus.group("t", "g", options);
    publish(publisher, 1);
    Lease lease = take(group);
    CHECK(lease.extend(0s) == Status::ok);
    Lease again = take(group);
    CHECK(again.deliveries() == 2);
    CHECK(lease.acknowledge() == Status::expired);
  }
}

TEST_CASE("a lease that has ended, was moved from or never held an event answers closed", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t");
  Group group = f.bus.group("t", "g", prompt());
  publish(publisher, 2);
  Lease used = take(group);
  REQUIRE(used.acknowledge() == Status::ok);
  Lease source = take(group);
  const Lease target(std::move(source));
  Lease none;
  for (Lease* lease : {&used, &source, &none}) {
    CHECK_FALSE(*lease);
    CHECK(lease->deliveries() == 0);
    CHECK(lease->acknowledge() == Status::closed);
    CHECK(lease->give_back() == Status::closed);
    CHECK(lease->give_back(1s) == Status::closed);
    CHECK(lease->reject("no") == Status::closed);
    CHECK(lease->extend(1s) == Status::closed);
  }
}

TEST_CASE("an event that is held for long stays readable while the ring goes on", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t", {.block_size = 4096, .blocks = 4});
  Group group = f.bus.group("t", "g", prompt());
  REQUIRE(publisher.publish(std::string(500, 'a')));
  Lease first = take(group);
  std::vector<Lease> held;
  while (publisher.try_publish(std::string(500, 'b')).status() == Status::ok) held.push_back(take(group));
  for (Lease& lease : held) CHECK(lease.acknowledge() == Status::ok);
  CHECK(first.event().text() == std::string(500, 'a'));
  CHECK(first.acknowledge() == Status::ok);
  CHECK(publisher.try_publish(std::string(500, 'c')).status() == Status::ok);
}
