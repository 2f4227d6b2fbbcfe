// Groups on topics with a journal: they hold nobody back, and outlive the machine's memory.

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "group_bus.hpp"
#include "journal_fixture.hpp"

using namespace std::chrono_literals;
using shmbus::Group;
using shmbus::Journal;
using shmbus::Lease;
using shmbus::Publisher;
using shmbus::Status;
using test::ForkedProcess;
using test::JournaledBus;
using test::Parent;
using test::prompt;
using test::Sequences;
using test::take;

namespace {

const shmbus::TopicOptions small{
    .block_size = 4096, .blocks = 4, .journal = Journal::page_cache(), .segment_file = 1 << 20};
const std::string payload(300, 'p');

void publish_durably(Publisher& publisher, int count) {
  std::uint64_t last = 0;
  for (int i = 0; i < count; ++i) {
    const auto result = publisher.publish(payload, {.timeout = test::patience, .key = std::to_string(i % 3)});
    test::require(bool{result}, "a publish");
    last = result.sequence();
  }
  test::require(publisher.wait_durable(last, test::patience) == Status::ok, "durable");
}

}  // namespace

TEST_CASE("a group on a journaled topic holds no publisher back, and loses nothing", "[group][journal]") {
  const JournaledBus home;
  shmbus::Bus bus = home.open();
  Publisher publisher = bus.publisher("t", small);
  Group group = bus.group("t", "g", prompt());
  publish_durably(publisher, 1);
  Lease first = take(group);
  publish_durably(publisher, 1000);  // many times the ring
  Sequences taken = test::take_some(group, 1000);
  CHECK(taken == test::from_to(2, 1001));
  CHECK(first.give_back(0s) == Status::ok);
  CHECK(test::take_some(group, 1) == Sequences{1});  // read again from the journal
  CHECK(group.lost() == 0);
}

TEST_CASE("after the machine's end a group goes on, and its leases count as given back", "[group][journal]") {
  const JournaledBus home;
  const auto order = GENERATE(shmbus::Order::any, shmbus::Order::by_key);
  const bool killed = GENERATE(false, true);
  shmbus::GroupOptions options = prompt();
  options.order = order;
  options.lease = 1h;
  ForkedProcess member([&](const Parent& parent) {
    shmbus::Bus bus = home.open();
    Publisher publisher = bus.publisher("t", small);
    Group group = bus.group("t", "g", options);
    publish_durably(publisher, 100);
    std::vector<Lease> held;
    for (int i = 0; i < 3; ++i) held.push_back(take(group));  // of three keys: 1, 2, 3
    test::require(held[1].acknowledge() == Status::ok, "acknowledged");
    parent.say();
    parent.hear();
    for (Lease& lease : held) {
      if (lease) static_cast<void>(lease.give_back(1h));
    }
  });
  member.hear();
  if (killed) {
    member.kill();
  } else {
    member.say();
    CHECK(member.wait() == test::End{});
  }
  CHECK(std::filesystem::exists(home.folder("t") + "/groups/g"));
  home.reboot();
  shmbus::Bus bus = home.open();
  Group group = bus.group("t", "g", options);
  CHECK(group.different().empty());
  std::set<std::uint64_t> again;
  Sequences taken;
  for (int i = 0; i < 99; ++i) {
    Lease lease = take(group);
    if (lease.deliveries() > 1) again.insert(lease.event().sequence());
    CHECK(lease.event().text() == payload);
    taken.push_back(lease.event().sequence());
    CHECK(lease.acknowledge() == Status::ok);
  }
  CHECK_FALSE(group.try_take());
  CHECK(again == std::set<std::uint64_t>{1, 3});
  if (order == shmbus::Order::by_key) {
    for (std::uint64_t key = 0; key < 3; ++key) {
      Sequences of_key;
      for (const std::uint64_t s : taken) {
        if (s % 3 == key) of_key.push_back(s);
      }
      CHECK(std::is_sorted(of_key.begin(), of_key.end()));
    }
  }
  std::sort(taken.begin(), taken.end());
  Sequences expected = test::from_to(1, 100);
  expected.erase(expected.begin() + 1);
  CHECK(taken == expected);
  CHECK(group.lost() == 0);
}

TEST_CASE("a group goes on over many ends of the machine, and each event is acknowledged", "[group][journal]") {
  const JournaledBus home;
  std::set<std::uint64_t> done;
  std::uint64_t published = 0;
  for (int life = 0; life < 12; ++life) {
    ForkedProcess member([&](const Parent& parent) {
      shmbus::Bus bus = home.open();
      Publisher publisher = bus.publisher("t", small);
      Group group = bus.group("t", "g", prompt());
      publish_durably(publisher, 40);
      for (int i = 0; i < 30; ++i) {
        Lease lease = take(group);
        if (i % 7 == 3) continue;
        const std::uint64_t sequence = lease.event().sequence();
        test::require(lease.acknowledge() == Status::ok, "acknowledged");
        parent.say(sequence);
      }
      parent.say(0);
      const Lease held = take(group);
      parent.say(publisher.publish(payload).sequence());
      parent.hear();
    });
    while (const std::uint64_t sequence = member.hear()) done.insert(sequence);
    published = member.hear();
    member.kill();
    home.reboot();
  }
  shmbus::Bus bus = home.open();
  Group group = bus.group("t", "g", prompt());
  CHECK(group.status() == Status::ok);
  while (Lease lease = group.take(200ms)) {
    CHECK_FALSE(done.contains(lease.event().sequence()));
    done.insert(lease.event().sequence());
    CHECK(lease.acknowledge() == Status::ok);
  }
  CHECK(group.lost() == 0);
  CHECK(done.size() >= 12 * 40);
  CHECK(*done.rbegin() <= published);
}

TEST_CASE("a journaled topic's dead letters are journaled, too", "[group][journal]") {
  const JournaledBus home;
  shmbus::Bus bus = home.open();
  Publisher publisher = bus.publisher("t", small);
  Group group = bus.group("t", "g", prompt());
  publish_durably(publisher, 1);
  CHECK(take(group).reject("no") == Status::ok);
  const auto info = bus.find_topic("t.dead");
  REQUIRE(info);
  CHECK((info->journal == small.journal));
}

TEST_CASE("a group beside a journal is removed with its file, and begins anew", "[group][journal]") {
  const JournaledBus home;
  shmbus::Bus bus = home.open();
  Publisher publisher = bus.publisher("t", small);
  {
    Group group = bus.group("t", "g", prompt());
    publish_durably(publisher, 20);
    CHECK(test::take_some(group, 10) == test::from_to(1, 10));
    CHECK_THROWS_AS(bus.remove_group("t", "g"), shmbus::Error);
  }
  CHECK(bus.remove_group("t", "g"));
  CHECK_FALSE(std::filesystem::exists(home.folder("t") + "/groups/g"));
  Group anew = bus.group("t", "g", prompt());
  CHECK(test::take_some(anew, 20) == test::from_to(1, 20));
}

TEST_CASE("a member of an older life is not taken for a living one", "[group][journal]") {
  const JournaledBus home;
  shmbus::GroupOptions options = prompt();
  options.in_flight = 2;
  options.lease = 1h;
  {
    ForkedProcess member([&](const Parent& parent) {
      shmbus::Bus bus = home.open();
      Publisher publisher = bus.publisher("t", small);
      Group group = bus.group("t", "g", options);
      publish_durably(publisher, 5);
      const Lease a = take(group), b = take(group);
      parent.say();
      parent.hear();
    });
    member.hear();
    member.kill();
  }
  home.reboot();
  shmbus::Bus bus = home.open();
  Group group = bus.group("t", "g", options);
  CHECK(test::take_some(group, 5).size() == 5);
}
