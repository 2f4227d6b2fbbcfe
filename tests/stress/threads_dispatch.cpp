// Subscriptions of several workers beside publishers, as threads of one process: each event is handled exactly once, none is
// left while a worker sleeps, and each subscription ends at any moment it is asked to.

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "shmbus/shmbus.hpp"
#include "support/numbered_event.hpp"
#include "support/time_limits.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using shmbus::Delivery;
using shmbus::Event;
using Random = std::mt19937_64;

namespace {

std::size_t below(Random& random, std::size_t n) {
  return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
}

}  // namespace

TEST_CASE("workers handle each event exactly once, and leave none behind", "[dispatch]") {
  Random random(Catch::rngSeed());
  for (unsigned round = 0; round < 60 / test::slowness; ++round) {
    const std::size_t events = 2000 / test::slowness, publishers = 1 + below(random, 2);
    const shmbus::DispatchOptions options{.subscriber = {.delivery = Delivery::reliable},
                                          .workers = 1 + below(random, 4),
                                          .queue = 1 + below(random, 40),
                                          .queue_bytes = below(random, 3) * 2000};
    const std::size_t size = 16 + below(random, 1000);
    CAPTURE(round, events, publishers, options.workers, options.queue, options.queue_bytes, size);
    const test::TemporaryBus name;
    // With a stall limit of an hour a worker that falls asleep while an event waits would not wake.
    shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 1h});
    bus.topic("t", {.block_size = 4096, .blocks = 4});
    const std::unique_ptr<std::atomic<unsigned>[]> handled(new std::atomic<unsigned>[events * publishers]());
    const auto subscription = bus.subscribe(
        "t",
        [&](const Event& event) {
          const test::Numbered n = test::numbered(event);
          ++handled[n.publisher * events + n.number];
          if (n.number % 97 == 0) std::this_thread::sleep_for(100us);
        },
        options);
    std::vector<std::thread> threads;
    for (std::size_t p = 0; p < publishers; ++p) {
      threads.emplace_back([&, p, pauses = below(random, 2) == 0] {
        shmbus::Publisher publisher = bus.publisher("t");
        std::vector<std::byte> payload(size);
        for (std::uint64_t n = 0; n < events; ++n) {
          const test::Numbered numbered{p, n};
          std::memcpy(payload.data(), &numbered, sizeof numbered);
          if (!publisher.publish(payload)) std::abort();
          if (pauses && n % 50 == 0) std::this_thread::sleep_for(200us);  // so that the workers go to sleep
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    test::wait_until("all to be handled", [&] { return subscription.handled() == events * publishers; });
    for (std::size_t i = 0; i < events * publishers; ++i) REQUIRE(handled[i] == 1);
    CHECK(subscription.lost() == 0);
  }
}

TEST_CASE("a subscription ends at any moment, from any thread, or within its handler", "[dispatch]") {
  Random random(Catch::rngSeed());
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 1h});
  std::atomic<bool> end{false};
  std::thread publishing([&] {
    shmbus::Publisher publisher = bus.publisher("t", {.block_size = 4096, .blocks = 4});
    while (!end) {
      if (!publisher.publish("an event")) std::abort();
    }
  });
  for (unsigned round = 0; round < 600 / test::slowness; ++round) {
    const std::size_t workers = 1 + below(random, 4), way = below(random, 4);
    CAPTURE(round, workers, way);
    std::atomic<unsigned> inside{0};
    std::atomic<shmbus::Subscription*> own{nullptr};
    std::optional<shmbus::Subscription> subscription =
        bus.subscribe("t",
                      [&](const Event&) {
                        ++inside;
                        if (way == 0) {
                          if (shmbus::Subscription* s = own.load()) s->stop();
                        }
                        --inside;
                      },
                      {.subscriber = {.delivery = Delivery::reliable}, .workers = workers, .queue = 3});
    own = &*subscription;
    std::this_thread::sleep_for(std::chrono::microseconds(below(random, 300)));
    if (way == 0) CHECK(subscription->wait());
    if (way == 1) CHECK(subscription->stop());
    if (way == 2) {
      bool stopped = false;
      std::thread other([&] { stopped = subscription->stop(1h); });
      CHECK(subscription->stop());
      other.join();
      CHECK(stopped);
    }
    if (way != 3) CHECK(subscription->status() == shmbus::Status::closed);
    subscription.reset();
    CHECK(inside == 0);
  }
  end = true;
  publishing.join();
}
