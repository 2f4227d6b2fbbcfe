// On which thread a handler is called, and which events wait for it.

#include <signal.h>
#include <sys/resource.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/numbered_event.hpp"
#include "support/time_limits.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using shmbus::Delivery;
using shmbus::Event;
using test::ForkedProcess;
using test::Parent;

namespace {

std::size_t threads() {
  std::size_t count = 0;
  std::FILE* file = std::fopen("/proc/self/status", "r");
  for (char line[256]; file != nullptr && std::fgets(line, sizeof line, file) != nullptr;)
    std::sscanf(line, "Threads: %zu", &count);
  if (file != nullptr) std::fclose(file);
  return count;
}

}  // namespace

TEST_CASE("one worker calls the handler on one thread, in order, and with events in place", "[handler]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t", {.block_size = 4096, .blocks = 2});
  const std::size_t before = threads();
  std::vector<std::uint64_t> sequences;
  std::set<std::thread::id> on;
  const auto subscription = bus.subscribe("t",
                                          [&](const Event& e) {
                                            sequences.push_back(e.sequence());
                                            on.insert(std::this_thread::get_id());
                                          },
                                          {.delivery = Delivery::reliable});
  CHECK(threads() == before + 1);
  for (std::uint64_t n = 1; n <= 5000; ++n) REQUIRE(publisher.publish(test::bytes_of({0, n})));
  test::wait_until("all to be handled", [&] { return subscription.handled() == 5000; });
  CHECK(on.size() == 1);
  REQUIRE(sequences.size() == 5000);
  for (std::uint64_t n = 1; n <= 5000; ++n) CHECK(sequences[n - 1] == n);
}

TEST_CASE("several workers poll without another thread, and the worker that polls a single event handles it",
          "[handler]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t");
  const std::size_t before = threads();
  const auto subscription = bus.subscribe("t", [](const Event&) {}, {.workers = 3});
  CHECK(threads() == before + 3);
  for (std::uint64_t n = 1; n <= 300; ++n) {
    REQUIRE(publisher.publish("x"));
    test::wait_until("the handler", [&] { return subscription.handled() == n; });
  }
}

// Each event is larger than a quarter of a block, so that pins are used up after eight blocks. The copies after that are
// bounded.
TEST_CASE("large events and a slow handler take bounded memory, and none is lost", "[handler]") {
  const std::size_t workers = GENERATE(1, 2);
  const std::size_t queue_bytes = GENERATE(0u, 4u << 20);
  CAPTURE(workers, queue_bytes);
  const test::TemporaryBus name;
  ForkedProcess process{[&](const Parent& parent) {
    const std::uint64_t events = 100;
    constexpr std::size_t kSize = 1 << 20;
    shmbus::Bus bus = shmbus::Bus::open(name.name());
    shmbus::Publisher publisher = bus.publisher("t", {.block_size = 2 << 20, .blocks = 8});
    std::atomic<std::uint64_t> sum{0};
    std::vector<std::byte> payload(kSize);
    const auto subscription =
        bus.subscribe("t",
                      [&](const Event& e) {
                        std::this_thread::sleep_for(2ms);
                        sum += e.sequence();
                      },
                      {.subscriber = {.delivery = Delivery::reliable}, .workers = workers, .queue_bytes = queue_bytes});
    std::size_t most = 0;
    for (std::uint64_t n = 1; n <= events; ++n) {
      test::require(bool{publisher.publish(payload)}, "publish");
      std::size_t kib = 0;
      std::FILE* file = std::fopen("/proc/self/status", "r");
      for (char line[256]; file != nullptr && std::fgets(line, sizeof line, file) != nullptr;)
        std::sscanf(line, "RssAnon: %zu", &kib);
      if (file != nullptr) std::fclose(file);
      most = std::max(most, kib);
    }
    test::wait_until("all to be handled", [&] { return subscription.handled() == events; });
    test::require(sum == events * (events + 1) / 2, "an event was lost or handled twice");
    test::require(subscription.lost() == 0, "lost");
    parent.say(most);
  }};
  const std::uint64_t most = process.hear();
  if (!test::sanitized) CHECK(most < 64 * 1024);  // KiB; a hundred copies are 100 MiB
  CHECK(process.wait() == test::End{});
}

TEST_CASE("where there is no memory for a copy, the worker that polls handles the event, and nothing is lost",
          "[handler]") {
  if (test::sanitized) return;
  const test::TemporaryBus name;
  ForkedProcess process{[&](const Parent&) {
    const std::uint64_t events = 60;
    shmbus::Bus bus = shmbus::Bus::open(name.name());
    shmbus::Publisher publisher = bus.publisher("t", {.block_size = 2 << 20, .blocks = 8});
    std::vector<std::byte> payload(1 << 20);
    std::atomic<std::uint64_t> sum{0};
    const auto subscription = bus.subscribe(
        "t",
        [&](const Event& e) {
          std::this_thread::sleep_for(2ms);
          sum += e.sequence();
        },
        {.subscriber = {.delivery = Delivery::reliable}, .workers = 2, .queue_bytes = std::size_t{1} << 40});
    // From here on no memory can be mapped, which every copy of a MiB needs.
    const rlimit none{.rlim_cur = 1, .rlim_max = RLIM_INFINITY};
    for (std::uint64_t n = 1; n <= events; ++n) {
      test::require(bool{publisher.publish(payload)}, "publish");
      if (n == 20) test::require(::setrlimit(RLIMIT_DATA, &none) == 0, "setrlimit");
    }
    test::wait_until("all to be handled", [&] { return subscription.handled() == events; });
    test::require(sum == events * (events + 1) / 2, "an event was lost or handled twice");
  }};
  CHECK(process.wait() == test::End{});
}

TEST_CASE("several workers handle a load that one worker could not", "[handler]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 1h});
  shmbus::Publisher publisher = bus.publisher("t");
  const std::size_t workers = GENERATE(2, 4, 8);
  CAPTURE(workers);
  std::atomic<unsigned> inside{0};
  const auto subscription =
      bus.subscribe("t",
                    [&](const Event&) {
                      const std::size_t round = inside++ / workers;
                      test::wait_until("the others", [&] { return inside >= (round + 1) * workers; });
                    },
                    {.workers = workers});
  for (unsigned round = 1; round <= 50; ++round) {
    for (std::size_t i = 0; i < workers; ++i) REQUIRE(publisher.publish("x"));
    test::wait_until("a round", [&] { return subscription.handled() == round * workers; });
  }
}
