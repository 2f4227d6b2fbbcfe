// How long a publisher's death delays a reader.

#include <catch2/catch.hpp>

#include <algorithm>
#include <iostream>
#include <random>
#include <thread>

#include "crash/role_actions.hpp"
#include "support/time_limits.hpp"
#include "support/shared_value.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using shmbus::platform::crash_plan;
using test::ForkedProcess;

namespace {

struct Shared {
  std::atomic<bool> over{false};
  std::atomic<std::uint64_t> died{0};    ///< monotonic ns
  std::atomic<std::uint64_t> passed{0};  ///< when a reader handed out the first event after the open claim
};

std::uint64_t now() { return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count()); }

void read(const std::string& name, shmbus::WaitStrategy wait, const test::Parent& parent, Shared& shared) {
  shmbus::Bus bus = shmbus::Bus::open(name);
  shmbus::Subscriber subscriber = bus.subscriber("t", {.wait = wait});
  std::uint64_t last = 0;
  while (!shared.over) {
    const std::size_t n = subscriber.poll([&](const shmbus::Event& event) {
      if (last == 0) parent.say();  // from here on this reader notices a sequence that is left out
      // Only the victim leaves a sequence out.
      if (last != 0 && shared.died != 0 && event.sequence() != last + 1 && shared.passed == 0) shared.passed = now();
      last = event.sequence();
    });
    if (n == 0) subscriber.wait(1s);
  }
}

/// Dies with a granted claim, after it has stored the time.
void die(const std::string& name, std::int64_t pass, Shared& shared) {
  crash_plan.died = &shared.died;
  crash_plan.pass = pass;
  crash_plan.point = shmbus::platform::crash_point_id("publish.granted");
  shmbus::Bus bus = shmbus::Bus::open(name);
  shmbus::Publisher publisher = bus.publisher("t", crash::topic_options("t"));
  for (std::uint64_t number = 1;; ++number) publisher.publish(std::as_bytes(std::span{&number, 1}));
}

void survive(const std::string& name, std::chrono::microseconds pause, Shared& shared) {
  shmbus::Bus bus = shmbus::Bus::open(name);
  shmbus::Publisher publisher = bus.publisher("t", crash::topic_options("t"));
  while (!shared.over) {
    publisher.publish("x");
    std::this_thread::sleep_for(pause);
  }
}

std::vector<double> holds_in_ms(shmbus::WaitStrategy wait, std::chrono::microseconds pause) {
  std::mt19937 random{Catch::rngSeed()};
  std::vector<double> holds;
  for (int i = 0; i < 100; ++i) {
    const test::TemporaryBus bus;
    test::SharedValue<Shared> shared;
    ForkedProcess survivor{[&](const test::Parent&) { survive(bus.name(), pause, *shared); }};
    ForkedProcess reader{[&](const test::Parent& parent) { read(bus.name(), wait, parent, *shared); }};
    reader.hear();
    ForkedProcess victim{[&](const test::Parent&) { die(bus.name(), 1 + random() % 500, *shared); }};
    REQUIRE(victim.wait() == test::End{.status = 0, .signal = SIGKILL});
    test::wait_until("the reader to pass the open claim", [&] { return shared->passed != 0; });
    holds.push_back(static_cast<double>(shared->passed - shared->died) / 1e6);
    shared->over = true;
    REQUIRE(survivor.wait() == test::End{});
    reader.kill();  // it may be asleep for long
  }
  std::sort(holds.begin(), holds.end());
  return holds;
}

void print(const char* what, const std::vector<double>& holds) {
  std::cout << "a death holds a " << what << " reader up for " << holds[holds.size() / 2] << " ms, median of "
            << holds.size() << " kills; at most " << holds.back() << " ms" << std::endl;
}

}  // namespace

TEST_CASE("a publisher's death delays a spinning reader by no more than 10 ms", "[hold][serial]") {
  const auto holds = holds_in_ms(shmbus::WaitStrategy::spin(), 20us);
  print("spinning", holds);
  CHECK(holds[holds.size() / 2] <= 10);
}

TEST_CASE("a publisher's death delays a sleeping reader by no more than 100 ms", "[hold][serial]") {
  const auto holds = holds_in_ms(shmbus::WaitStrategy::sleep(), 200us);
  print("sleeping", holds);
  CHECK(holds[holds.size() / 2] <= 100);
}
