#include "crash/group_member.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <thread>
#include <utility>
#include <vector>

#include "base/bus_name.hpp"
#include "client/open_registry.hpp"
#include "group/group_file.hpp"
#include "group/members.hpp"
#include "group/window.hpp"
#include "support/forked_process.hpp"
#include "support/time_limits.hpp"
#include "topic/topic_segment.hpp"

namespace crash {

using namespace std::chrono_literals;
using shmbus::Event;
using shmbus::Lease;
using shmbus::Status;

shmbus::GroupOptions group_options(shmbus::Order order) {
  return {.window = 1024,
          .lease = 60ms,
          .max_deliveries = 0,
          .backoff = {},
          .order = order,
          .start = shmbus::Start::oldest(),
          .abandon_after = 1h};
}

void publish_for_group(shmbus::Publisher& publisher, std::uint64_t count) {
  for (std::uint64_t s = 1; s <= count; ++s) {
    const std::string key = s % GroupBooks::kKeys == 0 ? std::string{} : std::to_string(s % GroupBooks::kKeys);
    test::require(bool{publisher.publish("x", {.timeout = test::patience, .key = key})}, "a publish");
  }
}

void handle_events(shmbus::Group& group, GroupBooks& books, std::chrono::milliseconds patience) {
  std::vector<Lease> late;
  while (Lease lease = group.take(patience)) {
    const std::uint64_t s = lease.event().sequence();
    test::require(s >= 1 && s <= GroupBooks::kEvents, "an event that nobody published");
    if (!lease.event().key().empty()) {
      for (std::uint64_t earlier = s % GroupBooks::kKeys; earlier < s; earlier += GroupBooks::kKeys)
        if (earlier != 0 && !books.may_be_settled(earlier)) ++books.order_broken;
    }
    if (s % 10 == 3 && lease.deliveries() == 1) {
      static_cast<void>(lease.give_back(s % 20 == 3 ? 0ms : 5ms));
    } else if (GroupBooks::rejected(s)) {
      static_cast<void>(lease.reject("no"));
    } else if (s % 20 == 7 && lease.deliveries() == 1) {
      late.push_back(std::move(lease));
      std::this_thread::sleep_for(80ms);  // it expires
    } else {
      if (s % 10 == 9) static_cast<void>(lease.extend(1s));
      ++books.acknowledging[s];
      if (lease.acknowledge() == Status::ok) ++books.acknowledged[s];
    }
  }
}

namespace {

/// Returns how many dead letters each event has.
std::map<std::string, int> dead_letters(shmbus::Bus& bus) {
  std::map<std::string, int> found;
  shmbus::Subscriber subscriber = bus.subscriber("t.dead", {.start = shmbus::Start::oldest()});
  while (subscriber.poll([&](const Event& event) {
    const auto origin = event.header("shmbus-origin");
    ++found[origin ? std::string(*origin) : "none"];
  }) != 0) {
  }
  return found;
}

}  // namespace

void check_group(shmbus::Bus& bus, const std::string& bus_name, const GroupBooks& books, bool victim_acknowledged) {
  auto letters = dead_letters(bus);
  std::map<std::uint64_t, std::string> ids;
  shmbus::Subscriber all = bus.subscriber("t", {.start = shmbus::Start::oldest()});
  while (all.poll([&](const Event& event) { ids[event.sequence()] = event.id().to_string(); }) != 0) {
  }
  unsigned unknown = 0;  // begun by a victim that died before it knew
  for (std::uint64_t s = 1; s <= GroupBooks::kEvents; ++s) {
    CAPTURE(s, books.acknowledging[s].load(), books.acknowledged[s].load());
    const int dead = letters[ids[s]];
    if (GroupBooks::rejected(s)) {
      CHECK(dead >= 1);
      CHECK(dead <= 2);
      CHECK(books.acknowledged[s] == 0);
      continue;
    }
    CHECK(dead == 0);
    CHECK(books.acknowledged[s] <= 1);
    if (books.acknowledged[s] == 0) {
      CHECK(books.acknowledging[s] > 0);
      ++unknown;
    }
  }
  CHECK(unknown <= (victim_acknowledged ? 1 : 0));
  const auto member =
      shmbus::registry::Membership::of(shmbus::detail::open_registry(shmbus::base::BusName(bus_name), {}));
  const auto segment =
      shmbus::topic::TopicSegment::find(member, shmbus::base::TopicName("t"), shmbus::platform::Access::read_write);
  REQUIRE(segment != nullptr);
  const auto file = shmbus::group::GroupFile::open(*segment, shmbus::base::GroupName("g"));
  REQUIRE(file != nullptr);
  if (file->settings().order == shmbus::layout::GroupOrder::by_key) CHECK(books.order_broken == 0);
  if (segment->journal() == nullptr)
    CHECK(file->shared().floor == GroupBooks::kEvents + 1);
  else  // behind the numbers, too, that no event has after the machine's end
    CHECK(file->shared().floor > GroupBooks::kEvents);
  const shmbus::group::Members members(file->shared(), *member.node);
  CHECK(members.dead() == 0);
  for (const shmbus::layout::GroupMember& m : file->shared().members) CHECK(shmbus::group::leases_out(m) == 0);
  const shmbus::group::Window window(file->shared(), file->settings().window);
  for (std::uint64_t s = 1; s <= GroupBooks::kEvents; ++s) CHECK(window.settled(s));
}

}  // namespace crash
