// Tables of the registry are read while entries change owners: a reader sees the words of one owner, or none.

#include <atomic>
#include <catch2/catch.hpp>
#include <string>
#include <thread>

#include "base/bus_name.hpp"
#include "base/pattern.hpp"
#include "base/topic_name.hpp"
#include "client/open_registry.hpp"
#include "registry/subscription_table.hpp"
#include "registry/topic_table.hpp"
#include "shmbus/inspector.hpp"
#include "support/time_limits.hpp"
#include "support/temporary_bus.hpp"

using shmbus::base::BusName;
using shmbus::base::Pattern;
using shmbus::base::TopicName;
using shmbus::registry::Node;
using shmbus::registry::Registry;
using shmbus::registry::StandingSubscription;
using shmbus::registry::SubscriptionTable;
using shmbus::registry::TopicTable;

namespace {

constexpr int kLooks = 20'000 / test::slowness;
constexpr std::uint64_t kSeen = 20;  // read at least so many entries, however seldom the other thread runs

/// Long, so that it takes a while to read.
std::string name_of(std::uint64_t number) {
  std::string name(40, 'n');
  return name.append(".").append(std::to_string(number));
}

/// Repeats an action on another thread until it is destroyed.
class Meanwhile {
 public:
  template <class Act>
  explicit Meanwhile(Act act)
      : thread_([this, act]() mutable {
          for (std::uint64_t i = 1; !over_; ++i) act(i);
        }) {}
  ~Meanwhile() {
    over_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> over_{false};
  std::thread thread_;
};

}  // namespace

TEST_CASE("a reader never mixes two subscriptions that had one entry in turn", "[registry]") {
  const test::TemporaryBus name;
  Node node(shmbus::detail::open_registry(BusName(name.name()), {}));
  SubscriptionTable table(node);
  shmbus::Inspector inspector(name.name());
  const Meanwhile coming_and_going([&](std::uint64_t i) {
    StandingSubscription s{.node = node.id(), .demote_after = i, .name = name_of(i), .pattern = Pattern(name_of(i))};
    table.remove(table.add(s));
  });
  std::uint64_t seen = 0, mixed = 0;
  const test::Deadline deadline;
  for (int i = 0; i < kLooks || seen < kSeen; ++i) {
    deadline.check("entries");
    for (const auto& s : table.all()) {
      ++seen;
      mixed += s.name != s.pattern.text() || s.name != name_of(s.demote_after);
    }
    if (i % 4 != 0) continue;
    for (const auto& s : inspector.snapshot().subscriptions) {
      ++seen;
      mixed += s.name != s.pattern;
    }
  }
  CHECK(mixed == 0);
}

TEST_CASE("a reader never mixes two topics that had one entry in turn", "[registry]") {
  const test::TemporaryBus name;
  Node node(shmbus::detail::open_registry(BusName(name.name()), {}));
  TopicTable table(node);
  const Meanwhile coming_and_going([&](std::uint64_t i) {
    TopicTable::Topic topic = table.announce(TopicName(name_of(i)), i);
    table.make_ready(topic);
    table.discard(topic);
  });
  std::uint64_t seen = 0, mixed = 0;
  const test::Deadline deadline;
  for (int i = 0; i < kLooks || seen < kSeen; ++i) {
    deadline.check("entries");
    for (const auto& topic : table.ready()) {
      ++seen;
      mixed += topic.name != TopicName(name_of(topic.id));
    }
  }
  CHECK(mixed == 0);
}
