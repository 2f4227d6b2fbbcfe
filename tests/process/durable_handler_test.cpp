// Durable subscriptions with handlers on threads: an event is acknowledged when its handler has returned.

#include <atomic>
#include <catch2/catch.hpp>
#include <mutex>
#include <string>
#include <thread>

#include "durable_fixture.hpp"
#include "support/time_limits.hpp"

using namespace std::chrono_literals;
using shmbus::Event;
using shmbus::Start;
using shmbus::Status;
using test::DurableBus;
using test::from_to;
using test::publish;
using test::Sequences;

TEST_CASE("an event whose handler has returned is acknowledged; what a stop leaves unhandled is not", "[durable]") {
  DurableBus f;
  shmbus::Publisher publisher = f.bus.publisher("t");
  for (const std::size_t workers : {1u, 3u}) {
    const std::string name = "workers-" + std::to_string(workers);
    shmbus::DispatchOptions options{.subscriber = {.start = Start::latest(), .durable = name}, .workers = workers};
    {
      std::atomic<int> handled{0};
      auto subscription = f.bus.subscribe(
          "t", [&](const Event&) { ++handled; }, options);
      publish(publisher, 1000);
      test::wait_until("all handled", [&] { return handled == 1000; });
      CHECK(subscription.stop());
    }
    std::atomic<int> again{0};
    auto next = f.bus.subscribe(
        "t", [&](const Event&) { ++again; }, options);
    publish(publisher, 1);
    test::wait_until("the new one", [&] { return again == 1; });
    std::this_thread::sleep_for(20ms);
    CHECK(again == 1);
    CHECK(next.lost() == 0);
  }
}

TEST_CASE("a handler that throws is called again with the same event, and the subscription says so", "[durable]") {
  DurableBus f;
  shmbus::Publisher publisher = f.bus.publisher("t");
  for (const std::size_t workers : {1u, 2u}) {
    std::mutex mutex;
    Sequences seen;
    std::atomic<bool> broken{true};
    auto subscription = f.bus.subscribe(
        "t",
        [&](const Event& event) {
          const std::lock_guard lock(mutex);
          if (event.sequence() % 5 == 2 && broken) throw std::runtime_error("the database is down");
          seen.push_back(event.sequence());
        },
        {.subscriber = {.start = Start::latest(), .durable = "n" + std::to_string(workers)}, .workers = workers});
    publish(publisher, 5);
    test::wait_until("several tries", [&] { return subscription.handler_errors() >= 3; });
    CHECK(subscription.status() == Status::retrying);
    broken = false;
    test::wait_until("all handled", [&] { return subscription.handled() == 5; });
    test::wait_until("recovery", [&] { return subscription.status() == Status::ok; });
    const std::lock_guard lock(mutex);
    if (workers == 1) CHECK(std::is_sorted(seen.begin(), seen.end()));
    CHECK(seen.size() == 5);
  }
}

TEST_CASE("an event that could not be handled before a stop is handed out again", "[durable]") {
  DurableBus f;
  shmbus::Publisher publisher = f.bus.publisher("t");
  for (const std::size_t workers : {1u, 3u}) {
    const std::uint64_t before = workers == 1 ? 0 : 10;
    const shmbus::DispatchOptions options{.subscriber = {.durable = "n" + std::to_string(workers)}, .workers = workers};
    {
      std::atomic<int> handled{0};
      auto subscription = f.bus.subscribe(
          "t",
          [&](const Event& event) {
            if (event.sequence() == before + 4) throw std::runtime_error("never");
            ++handled;
          },
          options);
      publish(publisher, 10);
      test::wait_until("the failure",
                       [&] { return subscription.handler_errors() >= 2 && handled >= (workers == 1 ? 3 : 9); });
      CHECK(subscription.stop());
    }
    std::mutex mutex;
    Sequences seen;
    auto next = f.bus.subscribe(
        "t",
        [&](const Event& event) {
          const std::lock_guard lock(mutex);
          seen.push_back(event.sequence());
        },
        shmbus::DispatchOptions{.subscriber = options.subscriber});
    test::wait_until("the rest", [&] { return next.handled() == 7; });
    const std::lock_guard lock(mutex);
    CHECK(seen == from_to(before + 4, before + 10));
  }
}
