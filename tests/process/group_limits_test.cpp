// What holds a group up on purpose: a full window, a limit of leases, the flood guard.

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <deque>
#include <optional>
#include <thread>
#include <vector>

#include "group_bus.hpp"
#include "support/shared_value.hpp"

using namespace std::chrono_literals;
using shmbus::Group;
using shmbus::Lease;
using shmbus::Publisher;
using shmbus::Status;
using test::ForkedProcess;
using test::GroupBus;
using test::Parent;
using test::prompt;
using test::publish;
using test::Sequences;
using test::take;
using Clock = std::chrono::steady_clock;

TEST_CASE("a full window lets members wait until the oldest event is settled", "[group]") {
  GroupBus f;
  const bool by_key = GENERATE(false, true);
  shmbus::GroupOptions options = prompt();
  if (by_key) options.order = shmbus::Order::by_key;
  Publisher publisher = f.bus.publisher("t");
  Group group = f.bus.group("t", "g", options);
  publish(publisher, 1100);
  std::optional<Lease> oldest(take(group));
  CHECK(test::take_some(group, 1023) == test::from_to(2, 1024));
  CHECK_FALSE(group.try_take());
  std::atomic<bool> taken{false};
  std::thread other([&] {
    CHECK(take(group).acknowledge() == Status::ok);
    taken = true;
  });
  std::this_thread::sleep_for(20ms);
  CHECK_FALSE(taken);
  SECTION("acknowledged") { CHECK(oldest->acknowledge() == Status::ok); }
  SECTION("rejected") { CHECK(oldest->reject("no") == Status::ok); }
  SECTION("given back for an hour") {
    CHECK(oldest->give_back(1h) == Status::ok);  // ends at once, since it holds the others up
  }
  other.join();
  CHECK(test::take_all(group).size() >= 75);
  CHECK_FALSE(group.try_take());
}

TEST_CASE("a full window behind a holder that extends for ever goes on after lease_most", "[group]") {
  GroupBus f;
  shmbus::GroupOptions options = prompt();
  options.lease = 50ms;
  options.lease_most = 200ms;
  Publisher publisher = f.bus.publisher("t");
  Group group = f.bus.group("t", "g", options);
  publish(publisher, 1100);
  Lease oldest = take(group);
  std::atomic<bool> over{false};
  std::thread holder([&] {
    while (!over) {
      static_cast<void>(oldest.extend(1h));
      std::this_thread::sleep_for(5ms);
    }
  });
  Sequences taken = test::take_some(group, 1100);
  over = true;
  holder.join();
  CHECK(oldest.acknowledge() == Status::expired);
  std::sort(taken.begin(), taken.end());
  CHECK(taken == test::from_to(1, 1100));
}

TEST_CASE("a member in another process that waits at a full window is woken", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t");
  Group group = f.bus.group("t", "g", prompt());
  publish(publisher, 1025);
  Lease oldest = take(group);
  test::take_some(group, 1023);
  ForkedProcess other([&](const Parent& parent) {
    shmbus::Bus bus = shmbus::Bus::open(f.name.name());
    Group second = bus.group("t", "g", prompt());
    test::require(!second.try_take(), "the window is full");
    parent.say();
    parent.say(test::take_some(second, 1).front());
  });
  other.hear();
  std::this_thread::sleep_for(10ms);
  CHECK(oldest.acknowledge() == Status::ok);
  CHECK(other.hear() == 1025);
  CHECK(other.wait() == test::End{});
}

TEST_CASE("no more leases are out at one time than in_flight says", "[group]") {
  GroupBus f;
  shmbus::GroupOptions options = prompt();
  options.in_flight = 3;
  Publisher publisher = f.bus.publisher("t");
  Group group = f.bus.group("t", "g", options);
  publish(publisher, 5);
  std::vector<Lease> held;
  for (int i = 0; i < 3; ++i) held.push_back(take(group));
  CHECK_FALSE(group.take(10ms));
  CHECK(held[1].acknowledge() == Status::ok);
  Lease fourth = take(group);
  CHECK_FALSE(group.try_take());
  CHECK(fourth.give_back(0s) == Status::ok);
  CHECK(take(group).event().sequence() == 4);
  held.clear();
  CHECK(test::take_some(group, 4).size() == 4);
}

TEST_CASE("no more leases are out at one time than in_flight says, in all members together", "[group]") {
  struct Shared {
    std::atomic<int> out{0}, most{0};
    std::atomic<std::uint64_t> all{0};
  };
  constexpr std::uint64_t kEvents = 4000;
  GroupBus f;
  shmbus::GroupOptions options = prompt();
  options.in_flight = GENERATE(1, 3);
  Publisher publisher = f.bus.publisher("t");
  const test::SharedValue<Shared> shared;
  std::deque<ForkedProcess> members;
  for (int i = 0; i < 4; ++i) {
    members.emplace_back([&](const Parent& parent) {
      shmbus::Bus bus = shmbus::Bus::open(f.name.name());
      Group group = bus.group("t", "g", options);
      parent.say();
      while (shared->all < kEvents) {
        Lease lease = group.take(50ms);
        if (!lease) continue;
        const int out = ++shared->out;
        for (int most = shared->most; most < out && !shared->most.compare_exchange_weak(most, out);) {
        }
        if (lease.event().sequence() % 16 == 0) std::this_thread::yield();
        --shared->out;
        if (lease.acknowledge() == Status::ok) ++shared->all;
      }
    });
  }
  for (ForkedProcess& member : members) member.hear();
  publish(publisher, kEvents);
  for (ForkedProcess& member : members) CHECK(member.wait() == test::End{});
  CHECK(shared->most <= static_cast<int>(options.in_flight));
  CHECK(shared->all == kEvents);
}

TEST_CASE("the death of holders gives their part of in_flight back", "[group]") {
  GroupBus f;
  shmbus::GroupOptions options = prompt();
  options.in_flight = 2;
  Publisher publisher = f.bus.publisher("t");
  publish(publisher, 6);
  Group group = f.bus.group("t", "g", options);
  for (int round = 0; round < 3; ++round) {
    ForkedProcess victim([&](const Parent& parent) {
      shmbus::Bus bus = shmbus::Bus::open(f.name.name());
      Group own = bus.group("t", "g", options);
      const Lease a = take(own), b = take(own);
      parent.say();
      parent.hear();
    });
    victim.hear();
    CHECK_FALSE(group.try_take());
    victim.kill();
    const Lease a = take(group), b = take(group);
    CHECK_FALSE(group.try_take());
  }
  CHECK(test::take_some(group, 6).size() == 6);
}

TEST_CASE("a group whose leases fail leases one event a second, until one succeeds", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t");
  Group group = f.bus.group("t", "g", prompt());
  Group other = f.bus.group("t", "g", prompt());
  publish(publisher, 300);
  int failed = 0;
  while (!group.cautious()) {
    REQUIRE(failed < 200);
    CHECK(take(group).give_back(1h) == Status::ok);
    ++failed;
  }
  CHECK(failed > 50);
  CHECK(other.cautious());
  const auto began = Clock::now();
  for (int i = 0; i < 3; ++i) {  // together they lease one a second
    Lease lease = take(i % 2 == 0 ? group : other);
    CHECK(lease.give_back(1h) == Status::ok);
    CHECK_FALSE(group.try_take());
    CHECK_FALSE(other.try_take());
  }
  CHECK(Clock::now() - began >= 1900ms);
  CHECK(take(group).acknowledge() == Status::ok);
  CHECK_FALSE(group.cautious());
  CHECK(test::take_some(group, 20).size() == 20);
  CHECK_FALSE(other.cautious());
}

TEST_CASE("single failures among many successes make no group cautious", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t");
  Group group = f.bus.group("t", "g", prompt());
  for (int i = 0; i < 1000; ++i) {
    publish(publisher, 1);
    Lease lease = take(group);
    if (i % 3 == 0)
      CHECK(lease.give_back(1h) == Status::ok);
    else
      CHECK(lease.acknowledge() == Status::ok);
    REQUIRE_FALSE(group.cautious());
  }
}
