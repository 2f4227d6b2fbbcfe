// The holder of a durable name is killed at each step of a cursor, a record, a take-over and a forgetting. Whoever holds
// the name next goes on behind the last acknowledged event, and no later than behind the one that was being acknowledged.

#include <catch2/catch.hpp>
#include <optional>

#include "crash/crash_points.hpp"
#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/shared_value.hpp"
#include "support/temporary_bus.hpp"
#include "support/time_limits.hpp"

using namespace std::chrono_literals;
using shmbus::Acknowledge;
using shmbus::Event;
using shmbus::Start;
using shmbus::platform::crash_plan;
using test::ForkedProcess;

namespace {

constexpr std::uint64_t kEvents = 40;

struct Shared {
  std::atomic<std::uint64_t> acknowledged{0};   ///< the latest that returned
  std::atomic<std::uint64_t> acknowledging{0};  ///< the latest that was begun
};

shmbus::SubscriberOptions by_hand(bool standby = false) {
  return {.start = Start::oldest(), .durable = "billing", .acknowledge = Acknowledge::manual, .standby = standby};
}

/// Reads, and acknowledges every third event. Ends where there are no more, or after about `polls` times five events.
void read(shmbus::Subscriber& subscriber, Shared& shared, int polls = 100) {
  while (subscriber.poll(
             [&](const Event& event) {
               if (event.sequence() % 3 != 0) return;
               shared.acknowledging = event.sequence();
               subscriber.acknowledge(event);
               shared.acknowledged = event.sequence();
             },
             5) != 0 &&
         --polls > 0) {
  }
}

void die_at(const std::string& point, int pass) {
  crash_plan.pass = pass;
  crash_plan.point = shmbus::platform::crash_point_id(point);
}

void check_rest(shmbus::Subscriber& subscriber, const Shared& shared) {
  std::uint64_t expected = 0;
  while (subscriber.poll([&](const Event& event) {
    if (expected == 0) {
      CHECK(event.sequence() >= shared.acknowledged + 1);
      CHECK(event.sequence() <= shared.acknowledging + 1);
      expected = event.sequence();
    }
    CHECK(event.sequence() == expected++);
  }) != 0) {
  }
  CHECK(expected == kEvents + 1);
  CHECK(subscriber.lost() == 0);
}

bool killed(ForkedProcess& process) { return process.wait().signal == SIGKILL; }

struct Fixture {
  test::TemporaryBus name;
  test::SharedValue<Shared> shared;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  Fixture() {
    shmbus::Publisher publisher = bus.publisher("t");
    for (std::uint64_t i = 0; i < kEvents; ++i) publisher.publish("x");
  }
};

}  // namespace

TEST_CASE("a holder killed at any step leaves a position to go on from", "[durable]") {
  for (const char* point : {"durable.locked", "placed_file.filled", "placed_file.linked", "durable.recorded",
                            "durable.attached", "durable.cursor_made", "durable.state_written", "cursor.before",
                            "cursor.written", "durable.released", "unsubscribe.unlisted"}) {
    for (const int pass : {1, 2, 5, 6}) {
      CAPTURE(point, pass);
      Fixture f;
      ForkedProcess holder([&](const test::Parent&) {
        die_at(point, pass);
        shmbus::Bus bus = shmbus::Bus::open(f.name.name());
        shmbus::Subscriber subscriber = bus.subscriber("t", by_hand());
        read(subscriber, *f.shared);
      });
      const bool died = killed(holder);
      if (pass == 1) CHECK(died);
      shmbus::Subscriber next = f.bus.subscriber("t", by_hand());
      check_rest(next, *f.shared);
    }
  }
}

TEST_CASE("one that stands by and is killed while it takes over leaves the name to the next", "[durable]") {
  for (const char* point : {"durable.locked", "standby.taken", "standby.unlisted", "standby.listed", "durable.attached",
                            "standby.attached", "cursor.before", "cursor.written"}) {
    CAPTURE(point);
    Fixture f;
    std::optional<shmbus::Subscriber> first(f.bus.subscriber("t", by_hand()));
    read(*first, *f.shared, 4);
    ForkedProcess second([&](const test::Parent& parent) {
      shmbus::Bus bus = shmbus::Bus::open(f.name.name());
      shmbus::Subscriber subscriber = bus.subscriber("t", by_hand(true));
      test::require(subscriber.standing_by(), "it stands by");
      die_at(point, 1);
      parent.say();
      test::require(subscriber.wait(test::patience), "the take-over");
      std::uint64_t last = 0;
      subscriber.poll(
          [&](const Event& event) {
            last = event.sequence();
            f.shared->acknowledging = last;
            subscriber.acknowledge(event);
            f.shared->acknowledged = last;
          },
          1);
    });
    second.hear();
    shmbus::Subscriber third = f.bus.subscriber("t", by_hand(true));
    CHECK(third.standing_by());
    // Only the second may take over now: the third does not look before the second is dead.
    first.reset();
    CHECK(killed(second));
    CHECK(third.wait(test::patience));
    check_rest(third, *f.shared);
  }
}

TEST_CASE("a name whose forgetting was killed half-way is forgotten, or as it was", "[durable]") {
  for (const char* point : {"forget.locked", "durable.state_written", "forget.cursor_unlinked", "forget.unlinked"}) {
    CAPTURE(point);
    Fixture f;
    {
      shmbus::Subscriber first = f.bus.subscriber("t", by_hand());
      read(first, *f.shared);
    }
    ForkedProcess forgetter([&](const test::Parent&) {
      shmbus::Bus bus = shmbus::Bus::open(f.name.name());
      die_at(point, 1);
      bus.forget("billing");
    });
    CHECK(killed(forgetter));
    shmbus::Subscriber next = f.bus.subscriber("t", by_hand());
    if (std::string(point) != "forget.locked") f.shared->acknowledged = f.shared->acknowledging = 0;
    check_rest(next, *f.shared);
  }
}
