// A member is killed while it makes, takes over, moves or leaves the group's port in the ring; while it passes what the
// group lost; and while it takes over the file beside a journal.

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <string>

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
using shmbus::Lease;
using shmbus::Order;
using shmbus::Publisher;
using shmbus::Status;
using shmbus::platform::crash_plan;
using test::ForkedProcess;
using test::Parent;

namespace {

const shmbus::TopicOptions small{.block_size = 4096, .blocks = 4};

void die_at(const std::string& point, int pass) {
  crash_plan.pass = pass;
  crash_plan.point = shmbus::platform::crash_point_id(point);
}

bool killed(ForkedProcess& process) { return process.wait().signal == SIGKILL; }

struct Counts {
  std::atomic<std::uint64_t> taken{0}, last{0};
};

/// Takes and acknowledges until nothing comes for `patience`.
void take_all(Group& group, Counts& counts, std::chrono::milliseconds patience) {
  while (Lease lease = group.take(patience)) {
    const std::uint64_t sequence = lease.event().sequence();
    if (lease.acknowledge() != Status::ok) continue;
    ++counts.taken;
    if (sequence > counts.last) counts.last = sequence;
  }
}

}  // namespace

TEST_CASE("a member killed at a step of the group's port neither loses an event nor holds publishers for good",
          "[group]") {
  for (const char* point : {"group_gate.made", "group_gate.taken", "group_gate.moved", "attach_subscriber.taken",
                            "attach_subscriber.filled", "attach_subscriber.listed", "attach_subscriber.pinned",
                            "attach_subscriber.handed_over", "retire.lossy", "detach_subscriber.unpinned",
                            "detach_subscriber.freed", "leave_held_port.forgiven", "leave_held_port.held"}) {
    for (const int pass : {1, 2}) {
      for (const bool heir : {false, true}) {
        CAPTURE(point, pass, heir);
        const test::TemporaryBus name;
        const test::SharedValue<Counts> counts;
        Bus bus = Bus::open(name.name());
        Publisher publisher = bus.publisher("t", small);
        const auto options = crash::group_options(Order::any);
        // The group exists before the first event, so that none may be lost. As an heir, the victim finds a port.
        if (heir) {
          ForkedProcess first([&](const Parent& parent) {
            Bus own = Bus::open(name.name());
            Group group = own.group("t", "g", options);
            parent.say();
            parent.hear();
          });
          first.hear();
          first.kill();
        } else {
          const Group first = bus.group("t", "g", options);
        }
        std::uint64_t published = 0;
        while (publisher.try_publish(std::string(300, 'x')).status() == Status::ok) ++published;
        ForkedProcess victim([&](const Parent&) {
          die_at(point, pass);
          Bus own = Bus::open(name.name());
          Group group = own.group("t", "g", options);
          take_all(group, *counts, 20ms);
        });
        const bool died = killed(victim);
        ForkedProcess survivor([&](const Parent& parent) {
          Bus own = Bus::open(name.name());
          Group group = own.group("t", "g", options);
          parent.say();
          take_all(group, *counts, 1s);
          test::require(group.lost() == 0, "lost events");
        });
        survivor.hear();
        for (int i = 0; i < 200; ++i) {
          REQUIRE(publisher.publish_for(test::patience, std::string(300, 'x')));
          ++published;
        }
        CHECK(survivor.wait() == test::End{});
        CHECK(counts->last == published);
        CHECK(counts->taken <= published);
        CHECK(counts->taken + (died ? 1 : 0) >= published);  // one that the victim settled and did not count
      }
    }
  }
}

TEST_CASE("a member killed while it passes what the group lost leaves the rest to the next one", "[group]") {
  for (const char* point : {"group.crossed", "group.skipped", "group.floor", "group.settled", "read.lapped"}) {
    for (const int pass : {1, 2, 5}) {
      for (const std::uint64_t events : {400, 3000}) {  // fewer than the window has slots, and more
        CAPTURE(point, pass, events);
        const test::TemporaryBus name;
        const test::SharedValue<Counts> counts;
        Bus bus = Bus::open(name.name());
        Publisher publisher = bus.publisher("t", small);
        auto options = crash::group_options(Order::any);
        options.abandon_after = 1ms;
        { const Group first = bus.group("t", "g", options); }
        std::uint64_t last = 0;
        for (std::uint64_t i = 0; i < events; ++i) {
          const auto result = publisher.publish_for(test::patience, std::string(100, 'x'));
          REQUIRE(result);
          last = result.sequence();
        }
        ForkedProcess victim([&](const Parent&) {
          die_at(point, pass);
          Bus own = Bus::open(name.name());
          Group group = own.group("t", "g", options);
          take_all(group, *counts, 20ms);
        });
        const bool died = killed(victim);
        Group next = bus.group("t", "g", options);
        take_all(next, *counts, 100ms);
        CHECK(counts->last + (died ? 1 : 0) >= last);
        CHECK(counts->taken < last);
        CHECK(counts->taken + next.lost() <= last);
        if (!died) CHECK(counts->taken + next.lost() == last);
        REQUIRE(publisher.publish_for(test::patience, std::string(100, 'x')));
        Lease lease = next.take(test::patience);
        REQUIRE(lease);
        CHECK(lease.event().sequence() == last + 1);
        CHECK(lease.acknowledge() == Status::ok);
      }
    }
  }
}

TEST_CASE("a member killed while it makes or takes over a file beside a journal leaves all events to the next one",
          "[group][journal]") {
  for (const char* point : {"group.created", "placed_file.filled", "placed_file.linked", "group.taken_over",
                            "group.entered", "group.leased", "group.settled"}) {
    for (const Order order : {Order::any, Order::by_key}) {
      CAPTURE(point, static_cast<int>(order));
      const test::TemporaryJournals journals;
      const test::TemporaryBus name;
      const test::SharedValue<GroupBooks> books;
      shmbus::TopicOptions options = small;
      options.journal = shmbus::Journal::page_cache();
      const auto reboot = [&] { const test::Segments all{name.name()}; };
      const auto act = [&](const std::function<void(Bus&)>& body) {
        return ForkedProcess([&, body](const Parent&) {
          Bus bus = Bus::open(name.name());
          body(bus);
        });
      };
      const auto join = [&](Bus& bus) { return bus.group("t", "g", crash::group_options(order)); };
      // One life publishes; in some cases it makes the group, too, and holds a lease at its end.
      const bool made_by_victim =
          std::string(point) == "group.created" || std::string(point).starts_with("placed_file");
      ForkedProcess first = act([&](Bus& bus) {
        Publisher publisher = bus.publisher("t", options);
        crash::publish_for_group(publisher, GroupBooks::kEvents);
        test::require(publisher.wait_durable(GroupBooks::kEvents, test::patience) == Status::ok, "durable");
        if (made_by_victim) return;
        Group group = join(bus);
        Lease held = group.take(test::patience);
        for (int i = 0; i < 10; ++i) {
          Lease lease = group.take(0ms);
          if (!lease || GroupBooks::rejected(lease.event().sequence())) continue;
          ++books->acknowledging[lease.event().sequence()];
          if (lease.acknowledge() == Status::ok) ++books->acknowledged[lease.event().sequence()];
        }
        ::kill(::getpid(), SIGKILL);
      });
      first.wait();
      reboot();
      ForkedProcess victim([&](const Parent&) {
        Bus bus = Bus::open(name.name());
        static_cast<void>(bus.find_topic("t"));
        die_at(point, 1);
        Group group = join(bus);
        crash::handle_events(group, *books, 20ms);
      });
      const bool died = killed(victim);
      if (order == Order::any || std::string(point) != "group.leased") CHECK(died);
      Bus bus = Bus::open(name.name());
      Group group = join(bus);
      crash::handle_events(group, *books, 500ms);
      check_group(bus, name.name(), *books, died);
    }
  }
}
