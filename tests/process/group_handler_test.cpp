// Handlers on threads with a group: acknowledged when they return, given back when they throw or end their thread.

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "group_bus.hpp"

using namespace std::chrono_literals;
using shmbus::ErrorCode;
using shmbus::Event;
using shmbus::Publisher;
using shmbus::Status;
using test::GroupBus;
using test::prompt;
using test::publish;

namespace {

shmbus::DispatchOptions with_group(std::size_t workers = 1, const shmbus::GroupOptions& options = prompt()) {
  return {.group = "g", .group_options = options, .workers = workers};
}

}  // namespace

TEST_CASE("an event whose handler returned is acknowledged", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t");
  const std::size_t workers = GENERATE(1, 4);
  std::mutex mutex;
  test::Sequences seen;
  auto subscription = f.bus.subscribe(
      "t",
      [&](const Event& event) {
        const std::lock_guard lock(mutex);
        seen.push_back(event.sequence());
      },
      with_group(workers));
  publish(publisher, 1000);
  test::wait_until("all handled", [&] { return subscription.handled() == 1000; });
  CHECK(subscription.status() == Status::ok);
  CHECK(subscription.lost() == 0);
  CHECK(subscription.stop());
  CHECK(subscription.status() == Status::closed);
  std::sort(seen.begin(), seen.end());
  CHECK(seen == test::from_to(1, 1000));
  shmbus::Group next = f.bus.group("t", "g", prompt());
  CHECK_FALSE(next.try_take());
}

TEST_CASE("an event whose handler throws is given back, and becomes a dead letter in the end", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t");
  shmbus::GroupOptions options = prompt();
  options.max_deliveries = 3;
  std::atomic<int> bad{0}, good{0};
  auto subscription = f.bus.subscribe(
      "t",
      [&](const Event& event) {
        if (event.text() == "bad") {
          ++bad;
          throw std::runtime_error("not this one");
        }
        ++good;
      },
      with_group(2, options));
  std::atomic<int> letters{0};
  auto morgue = f.bus.subscribe("t.dead", [&](const Event& event) { letters += event.text() == "bad" ? 1 : 0; });
  for (int i = 0; i < 10; ++i) REQUIRE(publisher.publish(i == 4 ? "bad" : "good"));
  test::wait_until("the dead letter", [&] { return letters == 1 && good == 9; });
  CHECK(bad == 3);
  CHECK(subscription.handler_errors() == 3);
}

TEST_CASE("a handler that ends its thread gives its event back to the next worker", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t");
  std::atomic<int> first{0};
  auto subscription = f.bus.subscribe(
      "t",
      [&](const Event& event) {
        if (event.sequence() == 1 && ++first == 1) ::pthread_exit(nullptr);
      },
      with_group(2));
  publish(publisher, 50);
  test::wait_until("all, and the first again", [&] { return subscription.handled() == 51 && first == 2; });
  CHECK(subscription.stop());
}

TEST_CASE("a subscription whose only worker ended leaves the group, and another member goes on", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t");
  auto subscription = f.bus.subscribe(
      "t", [](const Event&) { ::pthread_exit(nullptr); }, with_group());
  publish(publisher, 3);
  CHECK(subscription.wait());
  CHECK(subscription.status() == Status::closed);
  shmbus::Group next = f.bus.group("t", "g", prompt());
  test::Sequences taken = test::take_some(next, 3);
  std::sort(taken.begin(), taken.end());
  CHECK(taken == test::from_to(1, 3));
}

TEST_CASE("a handler's publish to its own full topic is refused, and does not hang", "[group]") {
  GroupBus f;
  const std::size_t workers = GENERATE(1, 2);
  Publisher publisher = f.bus.publisher("t", {.block_size = 4096, .blocks = 2});
  const std::string payload(500, 'p');
  std::atomic<int> last{-1};
  auto subscription = f.bus.subscribe(
      "t",
      [&](const Event& event) {
        if (event.sequence() != 1) return;
        Publisher own = f.bus.publisher("t");
        Status status = Status::ok;
        for (int i = 0; i < 100 && status == Status::ok; ++i) status = own.publish(payload).status();
        last = static_cast<int>(status);
      },
      with_group(workers));
  REQUIRE(publisher.publish(payload));
  test::wait_until("the handler", [&] { return last != -1; });
  CHECK(last == static_cast<int>(Status::back_pressured));
  for (int i = 0; i < 100; ++i) REQUIRE(publisher.publish_for(test::patience, payload));
  test::wait_until("all handled", [&] { return subscription.handled() >= 100; });
}

TEST_CASE("a handler that takes longer than its lease handles the event again, and once counts", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t");
  shmbus::GroupOptions options = prompt();
  options.lease = 20ms;
  std::atomic<int> calls{0};
  auto subscription = f.bus.subscribe(
      "t",
      [&](const Event&) {
        if (++calls == 1) std::this_thread::sleep_for(100ms);
      },
      with_group(2, options));
  publish(publisher, 1);
  test::wait_until("both calls", [&] { return subscription.handled() >= 2; });
  CHECK(subscription.stop());
  shmbus::Group next = f.bus.group("t", "g", options);
  CHECK_FALSE(next.take(50ms));
}

TEST_CASE("a typed handler gets the events of its type", "[group]") {
  struct Order {
    std::uint64_t number;
  };
  GroupBus f;
  auto publisher = f.bus.publisher<Order>("t");
  std::atomic<std::uint64_t> sum{0};
  auto subscription = f.bus.subscribe<Order>(
      "t", [&](const Order& order) { sum += order.number; }, with_group());
  for (std::uint64_t i = 1; i <= 10; ++i) REQUIRE(publisher.publish({i}));
  test::wait_until("all handled", [&] { return sum == 55; });
}

TEST_CASE("stopped in the middle, it leaves what it did not handle to others", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t");
  std::atomic<std::uint64_t> handled{0};
  {
    auto subscription = f.bus.subscribe(
        "t",
        [&](const Event&) {
          ++handled;
          std::this_thread::sleep_for(1ms);
        },
        with_group(3));
    publish(publisher, 500);
    test::wait_until("some", [&] { return handled > 20; });
    CHECK(subscription.stop());
  }
  shmbus::Group next = f.bus.group("t", "g", prompt());
  CHECK(test::take_some(next, 500 - handled).size() == 500 - handled);
  CHECK_FALSE(next.try_take());
}

TEST_CASE("a subscription with a group refuses what means nothing for it", "[group]") {
  GroupBus f;
  const auto refused = [&](ErrorCode code, const std::string& object, const std::string& pattern,
                           const shmbus::DispatchOptions& options) {
    CAPTURE(object);
    test::expect_refusal({code, object}, [&] {
      static_cast<void>(f.bus.subscribe(
          pattern, [](const Event&) {}, options));
    });
  };
  refused(ErrorCode::invalid_name, "", "t.*", with_group());
  shmbus::DispatchOptions options = with_group();
  options.subscriber.durable = "billing";
  refused(ErrorCode::invalid_option, "durable", "t", options);
  options = with_group();
  options.subscriber.delivery = shmbus::Delivery::reliable;
  refused(ErrorCode::invalid_option, "delivery", "t", options);
  options = with_group();
  options.subscriber.start = shmbus::Start::last(3);
  refused(ErrorCode::invalid_option, "start", "t", options);
  refused(ErrorCode::invalid_option, "workers", "t", with_group(0));
  refused(ErrorCode::invalid_option, "workers", "t", with_group(65));
}
