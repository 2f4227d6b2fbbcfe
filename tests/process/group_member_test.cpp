// Members: of several processes, of one, of two groups, of a topic that comes later; and the removal of a group.

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <deque>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "group_bus.hpp"
#include "support/shared_value.hpp"

using namespace std::chrono_literals;
using shmbus::ErrorCode;
using shmbus::Group;
using shmbus::Lease;
using shmbus::Publisher;
using shmbus::Start;
using shmbus::Status;
using test::ForkedProcess;
using test::GroupBus;
using test::Parent;
using test::prompt;
using test::publish;
using test::Sequences;
using test::take;
using test::take_all;

namespace {

constexpr std::uint64_t kEvents = 20'000;

struct Counts {
  std::array<std::atomic<std::uint32_t>, kEvents + 1> handled{};
  std::atomic<std::uint64_t> all{0};
};

}  // namespace

TEST_CASE("members in several processes share the events, each handled once", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t");
  const test::SharedValue<Counts> counts;
  std::deque<ForkedProcess> members;
  for (int i = 0; i < 4; ++i) {
    members.emplace_back([&](const Parent& parent) {
      shmbus::Bus bus = shmbus::Bus::open(f.name.name());
      Group group = bus.group("t", "g", prompt());
      parent.say();
      std::uint64_t mine = 0;
      while (counts->all < kEvents) {
        Lease lease = group.take(50ms);
        if (!lease) continue;
        ++counts->handled[lease.event().sequence()];
        test::require(lease.deliveries() == 1, "leased again");
        test::require(lease.acknowledge() == Status::ok, "an acknowledgement");
        ++counts->all;
        ++mine;
      }
      parent.say(mine);
    });
  }
  for (ForkedProcess& member : members) member.hear();
  publish(publisher, kEvents);
  std::uint64_t sum = 0;
  for (ForkedProcess& member : members) {
    sum += member.hear();
    CHECK(member.wait() == test::End{});
  }
  CHECK(sum == kEvents);
  for (std::uint64_t s = 1; s <= kEvents; ++s) REQUIRE(counts->handled[s] == 1);
}

TEST_CASE("two groups on one topic have all events each", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t");
  Group one = f.bus.group("t", "one", prompt());
  Group two = f.bus.group("t", "two", prompt());
  publish(publisher, 5);
  CHECK(take_all(one) == test::from_to(1, 5));
  CHECK(take_all(two) == test::from_to(1, 5));
}

TEST_CASE("two Groups of one process are two members", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t");
  Group one = f.bus.group("t", "g", prompt());
  std::optional<Group> two(f.bus.group("t", "g", prompt()));
  publish(publisher, 4);
  Lease a = take(one), b = take(*two);
  CHECK(a.event().sequence() != b.event().sequence());
  CHECK(a.acknowledge() == Status::ok);
  two.reset();
  CHECK(b.give_back(0s) == Status::ok);
  CHECK(take_all(one).size() == 3);
}

TEST_CASE("several threads take from one Group, each event once", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t");
  Group group = f.bus.group("t", "g", prompt());
  Group moved(std::move(group));
  CHECK(group.status() == Status::closed);
  std::mutex mutex;
  Sequences seen;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      while (Lease lease = moved.take()) {
        {
          const std::lock_guard lock(mutex);
          seen.push_back(lease.event().sequence());
        }
        static_cast<void>(lease.acknowledge());
      }
    });
  }
  publish(publisher, 2000);
  test::wait_until("all", [&] {
    const std::lock_guard lock(mutex);
    return seen.size() == 2000;
  });
  moved.interrupt();
  threads.clear();
  std::sort(seen.begin(), seen.end());
  CHECK(seen == test::from_to(1, 2000));
  CHECK_FALSE(moved.take());
}

TEST_CASE("a new group begins where it was asked to", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t");
  publish(publisher, 10);
  shmbus::GroupOptions options = prompt();
  options.start = Start::latest();
  Group latest = f.bus.group("t", "latest", options);
  options.start = Start::last(3);
  Group last = f.bus.group("t", "last", options);
  options.start = Start::oldest();
  Group joined = f.bus.group("t", "last", options);  // it exists
  Group oldest = f.bus.group("t", "oldest", options);
  publish(publisher, 1);
  CHECK(take_all(latest) == Sequences{11});
  CHECK(take_all(joined) == test::from_to(8, 11));
  CHECK(take_all(last).empty());
  CHECK(take_all(oldest) == test::from_to(1, 11));
}

TEST_CASE("of a topic that comes later a group loses no event", "[group]") {
  GroupBus f;
  const bool by_key = GENERATE(false, true);
  shmbus::GroupOptions options = prompt();
  if (by_key) options.order = shmbus::Order::by_key;
  options.start = Start::latest();
  Group group = f.bus.group("t", "g", options);
  CHECK(group.different().empty());
  ForkedProcess author([&](const Parent& parent) {
    shmbus::Bus bus = shmbus::Bus::open(f.name.name());
    Publisher publisher = bus.publisher("t", {.block_size = 4096, .blocks = 4});
    parent.say();
    publish(publisher, 3000);  // waits where the ring is full
    parent.say();
  });
  author.hear();
  std::this_thread::sleep_for(20ms);
  CHECK(test::take_some(group, 3000) == test::from_to(1, 3000));
  author.hear();
  CHECK(author.wait() == test::End{});
  CHECK(group.lost() == 0);
  CHECK_FALSE(group.try_take());
}

TEST_CASE("a member that comes later adopts the group's options, and names the others", "[group]") {
  GroupBus f;
  f.bus.topic("t");
  shmbus::GroupOptions options = prompt();
  options.lease = 5s;
  Group first = f.bus.group("t", "g", options);
  CHECK(first.different().empty());
  options.window = 2048;
  options.in_flight = 7;
  options.lease = 1s;
  options.max_deliveries = 9;
  options.backoff = {1s, 2s};
  options.dead_letters = "elsewhere";
  options.order = shmbus::Order::by_key;
  options.abandon_after = 3s;
  Group second = f.bus.group("t", "g", options);
  std::vector<std::string> names;
  for (const auto& option : second.different()) names.push_back(option.name);
  CHECK(names == std::vector<std::string>{"window", "in_flight", "lease", "lease_most", "max_deliveries", "backoff",
                                          "dead_letters", "order", "abandon_after"});
  const auto all = second.different();
  CHECK(all.at(0).asked == "2048");
  CHECK(all.at(0).found == "1024");
  Publisher publisher = f.bus.publisher("t");
  publish(publisher, 20);
  std::vector<Lease> held;
  for (int i = 0; i < 20; ++i) held.push_back(take(second));  // of the limit of 7 nothing is left
  for (Lease& lease : held) CHECK(lease.acknowledge() == Status::ok);
}

TEST_CASE("a group is removed when it has no member, and begins anew", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t");
  publish(publisher, 5);
  CHECK_FALSE(f.bus.remove_group("t", "g"));
  CHECK_FALSE(f.bus.remove_group("none", "g"));
  std::optional<Group> group(f.bus.group("t", "g", prompt()));
  CHECK(test::take_some(*group, 2) == Sequences{1, 2});
  test::expect_refusal({ErrorCode::busy, "group 'g'", "no living member"}, [&] { f.bus.remove_group("t", "g"); });
  ForkedProcess other([&](const Parent& parent) {
    shmbus::Bus bus = shmbus::Bus::open(f.name.name());
    Group second = bus.group("t", "g");
    const Lease lease = take(second);
    parent.say();
    parent.hear();
  });
  other.hear();
  group.reset();
  test::expect_refusal({ErrorCode::busy, "group 'g'", "no living member", std::to_string(other.pid())},
                       [&] { f.bus.remove_group("t", "g"); });
  other.kill();
  CHECK(f.bus.remove_group("t", "g"));
  CHECK_FALSE(f.bus.remove_group("t", "g"));
  Group anew = f.bus.group("t", "g", prompt());
  CHECK(take_all(anew) == test::from_to(1, 5));
}

TEST_CASE("a group with leases out but no Group object has a member still", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t");
  publish(publisher, 1);
  std::optional<Group> group(f.bus.group("t", "g", prompt()));
  Lease lease = take(*group);
  group.reset();
  test::expect_refusal({ErrorCode::busy, "group 'g'"}, [&] { f.bus.remove_group("t", "g"); });
  CHECK(lease.acknowledge() == Status::ok);
  CHECK(f.bus.remove_group("t", "g"));
}

TEST_CASE("a forked child can't use a member, and does it no harm", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t");
  std::optional<Group> group(f.bus.group("t", "g", prompt()));
  publish(publisher, 3);
  std::optional<Lease> lease(take(*group));
  ForkedProcess child([&](const Parent& parent) {
    test::require(group->status() == Status::closed, "status");
    test::require(!group->try_take(), "try_take");
    test::require(!group->take(), "take");
    test::require(lease->extend(1s) == Status::closed, "extend");
    test::require(lease->event().text() == "x", "the event");
    lease.reset();
    group.reset();
    parent.say();
    parent.hear();
  });
  child.hear();
  CHECK(group->status() == Status::ok);
  CHECK(lease->acknowledge() == Status::ok);
  CHECK(take_all(*group) == Sequences{2, 3});
  group.reset();
  CHECK(f.bus.remove_group("t", "g"));
  child.say();
  CHECK(child.wait() == test::End{});
}

TEST_CASE("a group that is made while its topic or its bus is removed leaves no file", "[group]") {
  const bool whole_bus = GENERATE(false, true);
  for (int i = 0; i < 100; ++i) {
    GroupBus f;
    std::deque<Group> members;
    for (int m = 0; m < 8; ++m) members.push_back(f.bus.group("t", "g", prompt()));
    std::vector<std::thread> threads;
    for (Group& member : members) {
      threads.emplace_back([&member] {
        while (Lease lease = member.take()) lease.acknowledge();
      });
    }
    REQUIRE(f.bus.publisher("t").publish("x"));
    std::this_thread::sleep_for(std::chrono::microseconds{i});  // some of the members join in the meantime
    if (whole_bus)
      CHECK(shmbus::Bus::remove(f.name.name()));
    else
      CHECK(f.bus.remove_topic("t"));
    for (Group& member : members) member.interrupt();
    for (std::thread& thread : threads) thread.join();
    for (const auto& file : std::filesystem::directory_iterator("/dev/shm"))
      CHECK(file.path().filename().string().find(f.name.name() + ".t.group.") == std::string::npos);
  }
}
