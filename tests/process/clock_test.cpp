// Members whose clocks differ, and are set all the time. Each process sets only the clocks that its own library reads; the
// machine's clocks are left alone.

#include <catch2/catch.hpp>
#include <chrono>
#include <random>
#include <thread>

#include "shmbus/shmbus.hpp"
#include "support/clock_offset.hpp"
#include "support/forked_process.hpp"
#include "support/numbered_event.hpp"
#include "support/time_limits.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using shmbus::Delivery;
using shmbus::Event;
using shmbus::Start;
using shmbus::Status;
using test::ForkedProcess;
using test::Parent;
using test::SelfChecking;

namespace {

constexpr std::uint64_t kEvents = 4000;

/// Clocks that jump by hours, either way. The monotonic one is never set to before the machine's start.
class Jumps {
 public:
  explicit Jumps(std::uint64_t seed) : random_(seed) { jump(); }
  void jump() {
    system_.set(std::chrono::minutes{static_cast<int>(random_() % 1200)} - 10h);
    monotonic_.set(std::chrono::minutes{static_cast<int>(random_() % 1200)});
  }

 private:
  std::mt19937_64 random_;
  test::ClockOffset system_{CLOCK_REALTIME, 0s};
  test::ClockOffset monotonic_{CLOCK_MONOTONIC, 0s};
};

void publish(const std::string& name, std::uint64_t seed) {
  Jumps clocks(seed);
  shmbus::Bus bus = shmbus::Bus::open(name);
  shmbus::Publisher publisher = bus.publisher("t", {.block_size = 4096, .blocks = 8});
  for (std::uint64_t n = 1; n <= kEvents; ++n) {
    const Status status = SelfChecking::publish(publisher, n, 10).status();
    test::require(status == Status::ok, shmbus::to_string(status));
    if (n % 20 == 0) clocks.jump();
    if (n % 100 == 0) {
      const auto report = bus.reap();
      test::require(report.nodes + report.publishers + report.subscribers + report.subscriptions == 0, "reaped");
    }
  }
}

}  // namespace

TEST_CASE("members whose clocks jump by hours lose no event, hold no publisher back, and take no member for dead",
          "[clock]") {
  const test::TemporaryBus name;
  std::optional<Jumps> clocks;
  clocks.emplace(Catch::rngSeed());
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 50ms});
  bus.topic("t", {.block_size = 4096, .blocks = 8});
  shmbus::Subscriber lossy = bus.subscriber("t");
  shmbus::Subscriber reliable = bus.subscriber("t", {.delivery = Delivery::reliable});
  shmbus::Subscriber patient = bus.subscriber("t", {.delivery = Delivery::reliable, .demote_after = 1000h});
  ForkedProcess one{[&](const Parent&) { publish(name.name(), Catch::rngSeed() + 1); }};
  ForkedProcess two{[&](const Parent&) { publish(name.name(), Catch::rngSeed() + 2); }};
  std::uint64_t by_lossy = 0, by_reliable = 0, by_patient = 0, expected = 0, wrong = 0;
  const test::Deadline deadline;
  for (int round = 0; by_reliable < 2 * kEvents || by_patient < 2 * kEvents || by_lossy + lossy.lost() < 2 * kEvents;
       ++round) {
    if (round % 10 == 0) clocks->jump();
    by_lossy += lossy.poll([&](const Event& e) { wrong += !SelfChecking::whole(e.payload()); });
    by_reliable += reliable.poll([&](const Event& e) { wrong += e.sequence() != ++expected; });
    by_patient += patient.poll([&](const Event& e) { wrong += e.time() == shmbus::Time{}; });
    if (round % 7 == 0) reliable.wait(0s);
    deadline.check("all events");
  }
  CHECK(one.wait() == test::End{});
  CHECK(two.wait() == test::End{});
  CHECK(wrong == 0);
  CHECK((by_reliable == 2 * kEvents && by_patient == 2 * kEvents && by_lossy + lossy.lost() == 2 * kEvents));
  CHECK((reliable.lost() == 0 && patient.lost() == 0 && !patient.demoted()));
  CHECK((lossy.status() == Status::ok && reliable.status() == Status::ok && patient.status() == Status::ok));

  // Once all clocks are right again, so are the times.
  clocks.reset();
  std::this_thread::sleep_for(150ms);
  const auto now = std::chrono::system_clock::now();
  bus.publisher("t").publish("x");
  CHECK(lossy.poll([&](const Event& e) { CHECK(std::chrono::abs(e.time() - now) < 1s); }) == 1);
}

TEST_CASE("a waiting publisher and a waiting reader go on when the clock leaps", "[clock]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t", {.block_size = 4096, .blocks = 2});
  shmbus::Subscriber reliable = bus.subscriber("t", {.delivery = Delivery::reliable});
  shmbus::Subscriber waiting = bus.subscriber("other");
  ForkedProcess leaper{[&](const Parent& parent) {
    shmbus::Bus member = shmbus::Bus::open(name.name());
    shmbus::Publisher p = member.publisher("t");
    while (p.try_publish("to the brim").status() == Status::ok) {
    }
    parent.say();
    const test::ClockOffset monotonic(CLOCK_MONOTONIC, 5h);
    test::require(p.publish_for(1h, "waited").status() == Status::ok, "publish_for");
    test::require(p.publish("more").status() == Status::ok, "publish");
  }};
  leaper.hear();
  const test::ClockOffset monotonic(CLOCK_MONOTONIC, 3h);
  CHECK_FALSE(waiting.wait(1ms));
  CHECK(publisher.publish_for(1ms, "x").status() == Status::back_pressured);
  std::string last;
  const test::Deadline deadline;
  while (last != "more") {
    if (reliable.poll([&](const Event& e) { last = e.text(); }) == 0) reliable.wait(1s);
    deadline.check("the events of who waited");
  }
  CHECK(leaper.wait() == test::End{});
  CHECK((reliable.lost() == 0 && !reliable.demoted()));
}
