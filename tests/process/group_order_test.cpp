// Order by key: one event of a key at a time, in order, through give-back, death and expiry.

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <deque>
#include <random>
#include <string>
#include <thread>

#include "group_bus.hpp"
#include "support/shared_value.hpp"

using namespace std::chrono_literals;
using shmbus::Event;
using shmbus::Group;
using shmbus::Lease;
using shmbus::Publisher;
using shmbus::Status;
using test::ForkedProcess;
using test::GroupBus;
using test::Parent;
using test::publish;
using test::Sequences;
using test::take;

namespace {

constexpr unsigned kKeys = 7;

shmbus::GroupOptions by_key() {
  shmbus::GroupOptions options = test::prompt();
  options.order = shmbus::Order::by_key;
  return options;
}

void publish_keyed(Publisher& publisher, const std::string& key, const std::string& text = "x") {
  test::require(bool{publisher.publish(text, {.timeout = test::patience, .key = key})}, "a publish");
}

/// Who handles an event of a key, and how far the key's events are settled; in shared memory. A process has a number from 1
/// on. One that extended its lease for a minute is the holder for certain, until it ends the lease or dies.
struct Auditor {
  struct Key {
    std::atomic<std::uint64_t> settled{0};  ///< noted just before the acknowledgement
    std::atomic<std::uint64_t> holder{0};   ///< 0: nobody
  };
  std::array<Key, kKeys> keys{};
  std::array<std::atomic<bool>, 1000> doomed{};  ///< is killed, or about to be
  std::atomic<std::uint64_t> two_holders{0}, out_of_order{0}, refused{0};

  void begin(std::size_t key, std::uint64_t process, std::uint64_t number) {
    const std::uint64_t before = keys.at(key).holder.exchange(process);
    if (before != 0 && !doomed.at(before)) ++two_holders;
    // The former holder may have died between its note and its acknowledgement.
    if (const std::uint64_t settled = keys.at(key).settled; number != settled + 1 && number != settled) ++out_of_order;
  }
  void end(std::size_t key) { keys.at(key).holder = 0; }
};

/// The payload is the event's number among those of its key, from 1 on.
std::uint64_t number_of(const Event& event) { return std::stoull(std::string(event.text())); }
std::size_t key_of(const Event& event) { return std::stoul(std::string(event.key())); }

}  // namespace

TEST_CASE("events of one key are leased one at a time, others beside them", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t");
  Group group = f.bus.group("t", "g", by_key());
  for (const char* key : {"a", "a", "b", "a", "b", "c"}) publish_keyed(publisher, key);
  Lease a = take(group), b = take(group), c = take(group);
  CHECK(a.event().sequence() == 1);
  CHECK(b.event().sequence() == 3);
  CHECK(c.event().sequence() == 6);
  CHECK_FALSE(group.take(10ms));
  CHECK(b.acknowledge() == Status::ok);
  Lease b2 = take(group);
  CHECK(b2.event().sequence() == 5);
  CHECK_FALSE(group.try_take());
  CHECK(a.give_back(0s) == Status::ok);  // the second does not overtake it
  Lease again = take(group);
  CHECK(again.event().sequence() == 1);
  CHECK(again.reject("dead letters are settled") == Status::ok);
  CHECK(take(group).event().sequence() == 2);  // destroyed: it comes again
  CHECK(test::take_some(group, 2) == Sequences{2, 4});
}

TEST_CASE("a delayed event holds back those of its key alone", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t");
  Group group = f.bus.group("t", "g", by_key());
  for (const char* key : {"a", "a", "b"}) publish_keyed(publisher, key);
  CHECK(take(group).give_back(50ms) == Status::ok);
  CHECK(test::take_some(group, 3) == Sequences{3, 1, 2});
}

TEST_CASE("events without a key have no order", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t");
  Group group = f.bus.group("t", "g", by_key());
  publish(publisher, 3);
  publish_keyed(publisher, "a");
  publish_keyed(publisher, "a");
  std::vector<Lease> held;
  for (std::uint64_t s = 1; s <= 4; ++s) {
    held.push_back(take(group));
    CHECK(held.back().event().sequence() == s);
  }
  CHECK_FALSE(group.try_take());
}

TEST_CASE("a function of the event may be the key", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t");
  shmbus::GroupOptions options = by_key();
  options.key = [](const Event& event) { return std::string(event.text().substr(0, 1)); };
  Group group = f.bus.group("t", "g", options);
  for (const char* text : {"a1", "a2", "b1"}) REQUIRE(publisher.publish(text));
  Lease a = take(group), b = take(group);
  CHECK(a.event().text() == "a1");
  CHECK(b.event().text() == "b1");
  CHECK_FALSE(group.try_take());
}

TEST_CASE("a member learns of an event's key what others settled", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t");
  Group one = f.bus.group("t", "g", by_key());
  Group two = f.bus.group("t", "g", by_key());
  for (int i = 0; i < 10; ++i) publish_keyed(publisher, "a");
  for (std::uint64_t s = 1; s <= 10; ++s) {
    Group& taker = s % 2 == 0 ? one : two;
    Group& other = s % 2 == 0 ? two : one;
    Lease lease = take(taker);
    CHECK(lease.event().sequence() == s);
    CHECK_FALSE(other.try_take());
    CHECK(lease.acknowledge() == Status::ok);
  }
}

TEST_CASE("order by key holds through give-back, death and expiry, and no two hold an event", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t", {.block_size = 16384, .blocks = 8});
  const test::SharedValue<Auditor> auditor;
  shmbus::GroupOptions options = by_key();
  options.lease = 150ms;
  options.lease_most = 1h;
  std::mt19937 random{Catch::rngSeed()};
  std::uint64_t started = 0;
  struct Member {
    std::uint64_t number;
    ForkedProcess process;
  };
  std::deque<Member> members;
  const auto start = [&] {
    const std::uint64_t self = ++started;
    const auto seed = static_cast<unsigned>(random());
    members.push_back({self, ForkedProcess([&, self, seed](const Parent&) {
                         std::mt19937 dice{seed};
                         shmbus::Bus bus = shmbus::Bus::open(f.name.name());
                         Group group = bus.group("t", "g", options);
                         for (;;) {
                           Lease lease = group.take(test::patience);
                           if (!lease) continue;
                           const auto chance = dice() % 100;
                           if (chance < 2) std::this_thread::sleep_for(250ms);  // it expires
                           if (lease.extend(1min) != Status::ok) continue;
                           const std::uint64_t number = number_of(lease.event());
                           const std::size_t key = key_of(lease.event());
                           auditor->begin(key, self, number);
                           if (chance > 90) std::this_thread::sleep_for(1ms);
                           if (chance > 95) {
                             auditor->end(key);
                             static_cast<void>(lease.give_back(std::chrono::milliseconds(dice() % 3)));
                             continue;
                           }
                           auditor->keys.at(key).settled = number;
                           auditor->end(key);
                           if (lease.acknowledge() != Status::ok) ++auditor->refused;
                         }
                       })});
  };
  const auto kill_first = [&] {
    auditor->doomed.at(members.front().number) = true;
    members.front().process.kill();
    members.pop_front();
  };
  { const Group first = f.bus.group("t", "g", options); }  // it exists before the first event
  constexpr std::uint64_t kEach = 600;
  std::thread author([&] {
    for (std::uint64_t n = 0; n < kEach * kKeys; ++n)
      publish_keyed(publisher, std::to_string(n % kKeys), std::to_string(n / kKeys + 1));
  });
  for (unsigned i = 0; i < 4; ++i) start();
  const auto all_settled = [&] {
    return std::all_of(auditor->keys.begin(), auditor->keys.end(), [](const auto& k) { return k.settled == kEach; });
  };
  const test::Deadline deadline;
  for (unsigned faults = 0; !all_settled(); ++faults) {
    deadline.check("all events");
    std::this_thread::sleep_for(std::chrono::milliseconds(5 + random() % 20));
    if (faults > 60) continue;
    if (random() % 4 == 0) {
      ForkedProcess& stopped = members.at(random() % 4).process;
      stopped.stop();
      std::this_thread::sleep_for(200ms);
      stopped.resume();
    } else {
      kill_first();
      start();
    }
  }
  author.join();
  while (!members.empty()) kill_first();
  CHECK(auditor->two_holders == 0);
  CHECK(auditor->out_of_order == 0);
  CHECK(auditor->refused == 0);
  Group last = f.bus.group("t", "g", options);
  while (Lease lease = last.take(20ms)) {  // killed between note and acknowledgement
    CHECK(number_of(lease.event()) == kEach);
    CHECK(lease.acknowledge() == Status::ok);
  }
  CHECK(last.lost() == 0);
}
