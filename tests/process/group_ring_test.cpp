// The group's place in the ring of a topic without a journal: it holds publishers back, and is given up after a while.

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <optional>
#include <thread>
#include <vector>

#include "group_bus.hpp"

using namespace std::chrono_literals;
using shmbus::Group;
using shmbus::Lease;
using shmbus::Publisher;
using shmbus::Status;
using test::ForkedProcess;
using test::GroupBus;
using test::Parent;
using test::prompt;
using test::Sequences;
using test::take;

namespace {

const shmbus::TopicOptions small{.block_size = 4096, .blocks = 4};
const std::string payload(500, 'p');

/// Publishes until publishers are held back, and returns the last event's number; 0: none could be published.
std::uint64_t fill(Publisher& publisher) {
  std::uint64_t last = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto result = publisher.try_publish(payload);
    if (result.status() == Status::back_pressured) return last;
    test::require(bool{result}, "a publish");
    last = result.sequence();
  }
  throw std::runtime_error("no publisher was held back");
}

std::uint64_t fill_at_least_one(Publisher& publisher) {
  const std::uint64_t last = fill(publisher);
  test::require(last != 0, "an event");
  return last;
}

}  // namespace

TEST_CASE("publishers wait for an event that is not settled, whoever holds it", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t", small);
  Group group = f.bus.group("t", "g", prompt());
  const std::uint64_t last = fill_at_least_one(publisher);
  std::optional<Lease> first(take(group));
  test::take_some(group, last - 1);
  CHECK(publisher.try_publish(payload).status() == Status::back_pressured);
  std::atomic<bool> published{false};
  std::thread author([&] {
    CHECK(publisher.publish_for(test::patience, payload));
    published = true;
  });
  std::this_thread::sleep_for(20ms);
  CHECK_FALSE(published);
  SECTION("acknowledged") { CHECK(first->acknowledge() == Status::ok); }
  SECTION("a dead letter") { CHECK(first->reject("no") == Status::ok); }
  author.join();
  CHECK(group.lost() == 0);
}

TEST_CASE("a group without a member holds publishers back for a while, and a new member loses nothing", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t", small);
  shmbus::GroupOptions options = prompt();
  options.abandon_after = 1h;
  const bool killed = GENERATE(false, true);
  ForkedProcess member([&](const Parent& parent) {
    shmbus::Bus bus = shmbus::Bus::open(f.name.name());
    Group group = bus.group("t", "g", options);
    parent.say();
    const Lease lease = take(group);
    parent.say();
    parent.hear();
  });
  member.hear();
  const std::uint64_t last = fill_at_least_one(publisher);
  member.hear();
  if (killed) {
    member.kill();
  } else {
    member.say();
    CHECK(member.wait() == test::End{});
  }
  f.bus.reap();
  CHECK(fill(publisher) == 0);
  CHECK_FALSE(publisher.publish_for(50ms, payload));
  Group next = f.bus.group("t", "g", options);
  Sequences taken = test::take_some(next, last);
  std::sort(taken.begin(), taken.end());
  CHECK(taken == test::from_to(1, last));
  CHECK(next.lost() == 0);
  CHECK(publisher.publish_for(test::patience, payload));
}

TEST_CASE("an abandoned group lets publishers go on, and counts what it lost", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t", small);
  shmbus::GroupOptions options = prompt();
  options.abandon_after = 100ms;
  ForkedProcess member([&](const Parent& parent) {
    shmbus::Bus bus = shmbus::Bus::open(f.name.name());
    Group group = bus.group("t", "g", options);
    parent.say();
    const Lease lease = take(group);
    parent.say();
    parent.hear();
  });
  member.hear();
  const std::uint64_t first = fill_at_least_one(publisher);
  member.hear();
  member.kill();
  std::uint64_t last = first;
  for (int i = 0; i < 200; ++i) {
    const auto result = publisher.publish_for(test::patience, payload);
    REQUIRE(result);
    last = result.sequence();
  }
  Group next = f.bus.group("t", "g", options);
  Sequences taken;
  while (taken.empty() || taken.back() != last) {
    Lease lease = take(next);
    taken.push_back(lease.event().sequence());
    CHECK(lease.acknowledge() == Status::ok);
  }
  CHECK(taken.size() < last);
  CHECK(taken.size() + next.lost() == last);
  CHECK_FALSE(next.try_take());
  // It holds publishers back again.
  CHECK(fill(publisher) != 0);
  CHECK(fill(publisher) == 0);
}

TEST_CASE("the place in the ring goes to another living member when its owner ends", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t", small);
  shmbus::GroupOptions options = prompt();
  options.abandon_after = 1s;
  const bool killed = GENERATE(false, true);
  std::optional<ForkedProcess> owner(std::in_place, [&](const Parent& parent) {
    shmbus::Bus bus = shmbus::Bus::open(f.name.name());
    Group group = bus.group("t", "g", options);
    parent.say();
    parent.hear();
  });
  owner->hear();
  Group group = f.bus.group("t", "g", options);
  const std::uint64_t last = fill_at_least_one(publisher);
  std::vector<Lease> held;
  while (held.size() < last) held.push_back(take(group));
  if (killed) {
    owner->kill();
  } else {
    owner->say();
    CHECK(owner->wait() == test::End{});
  }
  // The others take the place over as soon as they look.
  std::thread looker([&] { CHECK_FALSE(group.take(3s)); });
  CHECK_FALSE(publisher.publish_for(2s, payload));
  looker.join();
  CHECK(fill(publisher) == 0);
  for (Lease& lease : held) CHECK(lease.acknowledge() == Status::ok);
  CHECK(publisher.publish_for(test::patience, payload));
  CHECK(test::take_some(group, 1) == Sequences{last + 1});
  CHECK(group.lost() == 0);
}

TEST_CASE("a stopped member without leases holds nobody back", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t", small);
  ForkedProcess stopped([&](const Parent& parent) {
    shmbus::Bus bus = shmbus::Bus::open(f.name.name());
    Group group = bus.group("t", "g", prompt());
    parent.say();
    parent.hear();
  });
  stopped.hear();
  stopped.stop();
  Group group = f.bus.group("t", "g", prompt());
  for (std::uint64_t s = 1; s <= 300; ++s) {
    REQUIRE(publisher.publish_for(test::patience, payload));
    REQUIRE(test::take_some(group, 1) == Sequences{s});
  }
  CHECK(group.lost() == 0);
  stopped.resume();
  stopped.say();
  CHECK(stopped.wait() == test::End{});
}

TEST_CASE("a member that was stopped while the others went round the ring goes on without a loss", "[group]") {
  GroupBus f;
  const bool by_key = GENERATE(false, true);
  shmbus::GroupOptions options = prompt();
  if (by_key) options.order = shmbus::Order::by_key;
  Publisher publisher = f.bus.publisher("t", small);
  ForkedProcess stopped([&](const Parent& parent) {
    shmbus::Bus bus = shmbus::Bus::open(f.name.name());
    Group group = bus.group("t", "g", options);
    parent.say();
    parent.hear();
    parent.say(test::take_some(group, 1).front());
    parent.say(group.lost());
  });
  stopped.hear();
  stopped.stop();
  std::optional<Group> group(f.bus.group("t", "g", options));
  constexpr std::uint64_t kEvents = 3000;  // more than the window has slots
  for (std::uint64_t s = 1; s <= kEvents; ++s) {
    REQUIRE(publisher.publish(payload, {.timeout = test::patience, .key = "k"}));
    REQUIRE(test::take_some(*group, 1) == Sequences{s});
  }
  CHECK(group->lost() == 0);
  group.reset();
  stopped.resume();
  stopped.say();
  REQUIRE(publisher.publish_for(test::patience, payload));
  CHECK(stopped.hear() == kEvents + 1);
  CHECK(stopped.hear() == 0);
  CHECK(stopped.wait() == test::End{});
}
