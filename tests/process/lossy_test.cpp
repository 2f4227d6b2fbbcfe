// A lossy subscriber never holds a publisher back, counts exactly what it missed, and never sees a torn event.

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/numbered_event.hpp"
#include "support/time_limits.hpp"
#include "support/shared_value.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using test::ForkedProcess;
using test::Parent;

namespace {

struct Progress {
  std::atomic<bool> enough{false};
  std::atomic<std::uint64_t> published{0};
};

void publish_at_full_speed(const std::string& bus_name, shmbus::Writers writers, Progress& progress) {
  shmbus::Bus bus = shmbus::Bus::open(bus_name);
  shmbus::Publisher publisher = bus.publisher("fast", {.block_size = 4096, .blocks = 4, .writers = writers});
  std::array<std::uint64_t, 64> words{};
  for (std::uint64_t number = 1; !progress.enough.load(std::memory_order_relaxed); ++number) {
    const std::span payload = std::span{words}.first(1 + number % words.size());
    test::SelfChecking::fill(payload, number);
    const auto result = publisher.try_publish(std::as_bytes(payload));
    test::require(result.status() == shmbus::Status::ok, shmbus::to_string(result.status()));
    progress.published.fetch_add(1, std::memory_order_relaxed);
  }
}

void expect_exact_losses(shmbus::Writers writers, std::size_t publishers) {
  const std::size_t laps = 3000 / test::slowness;
  const test::TemporaryBus name;
  const test::SharedValue<Progress> progress;
  std::vector<ForkedProcess> processes;
  for (std::size_t i = 0; i < publishers; ++i)
    processes.emplace_back([&](const Parent&) { publish_at_full_speed(name.name(), writers, *progress); });

  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Subscriber subscriber = bus.subscriber("fast", {.start = shmbus::Start::sequence(1)});
  std::uint64_t seen = 0, torn = 0, last = 0, gaps = 0, backwards = 0;
  const auto read = [&](const shmbus::Event& event) {
    ++seen;
    torn += !test::SelfChecking::whole(event.payload());
    gaps += event.sequence() > last + 1;
    backwards += event.sequence() <= last;
    last = event.sequence();
  };
  const test::Deadline deadline;
  while (gaps < laps) {
    subscriber.poll(read, 8);
    std::this_thread::sleep_for(5us);
    deadline.check("the subscriber to be lapped; so far " + std::to_string(gaps));
  }
  progress->enough = true;
  for (ForkedProcess& process : processes) REQUIRE(process.wait() == test::End{});
  while (subscriber.poll(read) != 0) {
  }
  CHECK(seen + subscriber.lost() == progress->published);
  CHECK(subscriber.delivered() == seen);
  CHECK(last == progress->published);
  CHECK(torn == 0);
  CHECK(backwards == 0);
  CHECK(subscriber.status() == shmbus::Status::ok);
}

}  // namespace

TEST_CASE("a subscriber lapped thousands of times by an exclusive publisher counts every event it missed", "[lossy]") {
  expect_exact_losses(shmbus::Writers::exclusive, 1);
}

TEST_CASE("a subscriber lapped thousands of times by two publishers counts every event it missed", "[lossy]") {
  expect_exact_losses(shmbus::Writers::shared, 2);
}
