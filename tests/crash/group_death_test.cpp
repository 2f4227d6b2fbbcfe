// A member of a group is killed at each step: while it joins, walks, leases, settles, gives back, sweeps and leaves. In the
// end each event was acknowledged once or is a dead letter, nothing is held by the dead, the floor is at the end, and events
// of one key were leased in order.

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "crash/crash_points.hpp"
#include "crash/group_member.hpp"
#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/segments.hpp"
#include "support/shared_value.hpp"
#include "support/temporary_bus.hpp"
#include "support/temporary_journals.hpp"
#include "support/time_limits.hpp"

using namespace std::chrono_literals;
using crash::GroupBooks;
using shmbus::Bus;
using shmbus::Group;
using shmbus::Order;
using shmbus::Publisher;
using shmbus::Start;
using shmbus::platform::crash_plan;
using test::ForkedProcess;
using test::Parent;

namespace {

void die_at(const std::string& point, int pass) {
  crash_plan.pass = pass;
  crash_plan.point = shmbus::platform::crash_point_id(point);
}

bool killed(ForkedProcess& process) { return process.wait().signal == SIGKILL; }

/// What a victim does: it joins, handles all it gets, and leaves.
void take_part(const std::string& bus_name, Order order, GroupBooks& books) {
  Bus bus = Bus::open(bus_name);
  Group group = bus.group("t", "g", crash::group_options(order));
  crash::handle_events(group, books, 20ms);
}

/// Points that a member passes; those behind the bar belong to order by key alone.
const std::vector<std::string> kPoints = {
    "group.created",       "group.joined",        "group.entered",   "group.leased",   "group.timed",
    "group.leased_again",  "group.acknowledging", "group.settled",   "group.floor",    "group.given_back",
    "group.back_timed",    "group.extended",      "group.ended",     "group.swept",    "group.ready_marked",
    "group.ready_cleared", "group.ready_emptied", "group.sleeps",    "group.rejected", "group.counted",
    "group.freed",         "group.freeing",       "group_gate.made", "group.shown"};

/// The group's own steps in the ring, too: of its port, and of a fetch.
const std::vector<std::string> kOthers = {"attach_subscriber.listed", "detach_subscriber.unlisted",
                                          "placed_file.filled", "placed_file.linked"};

void play(const std::string& point, int pass, Order order, bool late) {
  CAPTURE(point, pass, static_cast<int>(order), late);
  const test::TemporaryBus name;
  const test::SharedValue<GroupBooks> books;
  Bus bus = Bus::open(name.name());
  Publisher publisher = bus.publisher("t");
  crash::publish_for_group(publisher, GroupBooks::kEvents);
  std::optional<ForkedProcess> survivor;
  const auto enter = [&] {
    survivor.emplace([&](const Parent&) {
      Bus own = Bus::open(name.name());
      Group group = own.group("t", "g", crash::group_options(order));
      crash::handle_events(group, *books, 500ms);
    });
  };
  ForkedProcess victim([&](const Parent&) {
    die_at(point, pass);
    take_part(name.name(), order, *books);
  });
  if (!late) enter();
  const bool died = killed(victim);
  const bool by_key_alone = point == "group.shown", any_alone = point == "group.leased" || point == "group.timed";
  const bool reached = order == Order::by_key ? !any_alone : !by_key_alone;
  if (late && pass == 1 && reached) CHECK(died);
  if (late) enter();
  CHECK(survivor->wait() == test::End{});
  check_group(bus, name.name(), *books, died);
}

}  // namespace

TEST_CASE("a member killed at any step leaves all events to the next one", "[group]") {
  for (const std::string& point : kPoints) {
    for (const int pass : {1, 4}) {
      for (const Order order : {Order::any, Order::by_key}) play(point, pass, order, true);
    }
  }
}

TEST_CASE("a member killed at any step beside a living one loses no event", "[group]") {
  for (const std::string& point : kPoints) {
    for (const Order order : {Order::any, Order::by_key}) play(point, 1, order, false);
  }
}

TEST_CASE("a member killed at a step of its ports or its group's file leaves all events to the next one", "[group]") {
  for (const std::string& point : kOthers) {
    for (const int pass : {1, 2, 3}) play(point, pass, pass == 2 ? Order::by_key : Order::any, true);
  }
}
