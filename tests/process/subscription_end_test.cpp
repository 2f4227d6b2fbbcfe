// How a subscription ends: from outside, inside its own handler, with its bus, or with its workers.

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/numbered_event.hpp"
#include "support/time_limits.hpp"
#include "support/refusal.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using shmbus::Delivery;
using shmbus::Event;
using shmbus::Status;
using test::ForkedProcess;
using test::Parent;

namespace {

std::size_t listed(const std::string& bus) { return shmbus::Inspector(bus).snapshot().subscriptions.size(); }

}  // namespace

TEST_CASE("an empty handler is refused", "[subscription]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  test::expect_refusal({shmbus::ErrorCode::invalid_option, "handler of a subscription to 't'"},
                       [&] { static_cast<void>(bus.subscribe("t", nullptr)); });
  void (*none)(const Event&) = nullptr;
  test::expect_refusal({shmbus::ErrorCode::invalid_option, "handler of a subscription to 't'"},
                       [&] { static_cast<void>(bus.subscribe("t", none)); });
  CHECK(listed(name.name()) == 0);
}

TEST_CASE("subscriber options are the last argument of subscribe, without nesting", "[subscription]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  const auto ignore = [](const Event&) {};
  const auto nested = bus.subscribe("a", ignore, {.subscriber = {.name = "nested"}, .workers = 2});
  const auto flat = bus.subscribe("b", ignore, {.delivery = Delivery::reliable, .name = "flat"});
  const auto braces = bus.subscribe("c", ignore, {});
  const shmbus::SubscriberOptions options{.name = "named"};
  const auto named = bus.subscribe("d", ignore, options);
  std::vector<std::string> names;
  for (const auto& s : shmbus::Inspector(name.name()).snapshot().subscriptions) names.push_back(s.name);
  CHECK(names == std::vector<std::string>{"nested", "flat", "", "named"});
}

TEST_CASE("a subscription may be ended by its own handler, which still returns", "[subscription]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 1h});
  shmbus::Publisher publisher = bus.publisher("t");
  const std::size_t workers = GENERATE(1, 3);
  CAPTURE(workers);
  std::optional<shmbus::Subscription> subscription;
  std::atomic<unsigned> calls{0}, returned{0};
  const auto alive = std::make_shared<int>(7);
  const std::weak_ptr<int> captured = alive;
  std::atomic<bool> first{true};
  const auto run = [&](std::function<void()> end) {
    const auto handler = [&, end, kept = std::make_shared<int>(7)](const Event&) {
      ++calls;
      if (first.exchange(false)) end();
      if (*kept == 7) ++returned;  // the handler's captures exist until it returns
    };
    subscription = bus.subscribe("t", handler, {.workers = workers});
    for (int i = 0; i < 1000; ++i) REQUIRE(publisher.publish("x"));
    // The subscription is removed from the bus's list once the last worker has ended.
    test::wait_until("the end", [&] { return !first && calls == returned; });
  };
  SECTION("destroyed") {
    run([&] { subscription.reset(); });
    test::wait_until("it to leave", [&] { return listed(name.name()) == 0; });
  }
  SECTION("another one moved over it") {
    run([&] { *subscription = bus.subscribe("other", [](const Event&) {}); });
    test::wait_until("it to leave", [&] { return listed(name.name()) == 1; });
    CHECK(subscription->status() == Status::ok);
  }
  SECTION("stopped") {
    std::atomic<int> outcome{-1};
    run([&] { outcome = subscription->stop() ? 1 : 0; });
    CHECK(subscription->wait(1h));
    CHECK(outcome == 0);  // the handler does not wait for itself
    CHECK(subscription->status() == Status::closed);
    CHECK(listed(name.name()) == 0);
  }
  SECTION("waited for") {
    std::atomic<int> outcome{-1};
    run([&] { outcome = subscription->wait() ? 1 : 0; });
    CHECK(outcome == 0);
    CHECK(subscription->status() == Status::ok);
  }
  const unsigned before = calls;
  if (!subscription || subscription->status() != Status::ok) {
    REQUIRE(publisher.publish("x"));
    std::this_thread::sleep_for(5ms);
    CHECK(calls == before);
  }
}

TEST_CASE("a subscriber may be destroyed or replaced by its own handler, which then gets no more events",
          "[subscription]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t");
  auto subscriber = std::make_unique<shmbus::Subscriber>(bus.subscriber("t"));
  for (int i = 0; i < 5; ++i) REQUIRE(publisher.publish("x"));
  unsigned calls = 0;
  SECTION("destroyed") {
    CHECK(subscriber->poll([&](const Event& event) {
      ++calls;
      subscriber.reset();
      CHECK(event.text() == "x");
    }) == 1);
    CHECK(listed(name.name()) == 0);
  }
  SECTION("destroyed, and the handler throws") {
    CHECK_THROWS_AS(subscriber->poll([&](const Event&) {
      ++calls;
      subscriber.reset();
      throw 5;
    }),
                    int);
    CHECK(listed(name.name()) == 0);
  }
  SECTION("moved over") {
    subscriber->poll([&](const Event&) {
      ++calls;
      *subscriber = bus.subscriber("other");
    });
    CHECK(listed(name.name()) == 1);
    CHECK(subscriber->pattern() == "other");
  }
  CHECK(calls == 1);
}

TEST_CASE("wait and stop take any time-out, and return whether the subscription has ended", "[subscription]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 1h});
  shmbus::Publisher publisher = bus.publisher("t");
  std::atomic<bool> inside{false}, go{false};
  shmbus::Subscription subscription = bus.subscribe("t", [&](const Event&) {
    inside = true;
    test::wait_until("the test", [&] { return go.load(); });
  });
  CHECK(subscription.status() == Status::ok);
  CHECK_FALSE(subscription.wait(1ms));
  CHECK_FALSE(subscription.wait(-1h));
  REQUIRE(publisher.publish("x"));
  test::wait_until("the handler", [&] { return inside.load(); });
  CHECK_FALSE(subscription.stop(1ms));
  std::atomic<bool> returned{false};
  std::thread waiter([&] {
    returned = subscription.wait(std::chrono::seconds::max());  // must neither overflow nor return at once
  });
  std::this_thread::sleep_for(20ms);
  CHECK_FALSE(returned);
  go = true;
  CHECK(subscription.stop(std::chrono::hours::max()));
  waiter.join();
  CHECK(returned);
  CHECK(subscription.status() == Status::closed);
  CHECK(subscription.handled() == 1);
  CHECK(listed(name.name()) == 0);
  shmbus::Subscription moved = std::move(subscription);
  CHECK(subscription.status() == Status::closed);  // NOLINT: moved from
  CHECK(subscription.handled() == 0);
  CHECK(subscription.stop());
  CHECK(subscription.wait());
}

TEST_CASE("a subscription whose bus is removed handles what was published, becomes closed, and wait returns",
          "[subscription]") {
  const std::size_t workers = GENERATE(1, 2);
  CAPTURE(workers);
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 10ms});
  shmbus::Publisher publisher = bus.publisher("t");
  const auto subscription = bus.subscribe("t", [](const Event&) {}, {.workers = workers});
  for (int i = 0; i < 1000; ++i) REQUIRE(publisher.publish("x"));
  REQUIRE(shmbus::Bus::remove(name.name()));
  CHECK(subscription.status() == Status::closed);
  CHECK(subscription.wait());
  CHECK(subscription.status() == Status::closed);
  CHECK(subscription.handled() == 1000);
}

TEST_CASE("a subscription shows that it was demoted, also while its handler hangs", "[subscription]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t", {.block_size = 4096, .blocks = 2});
  std::atomic<bool> go{false};
  const auto subscription =
      bus.subscribe("t", [&](const Event&) { test::wait_until("the test", [&] { return go.load(); }); },
                    {.delivery = Delivery::reliable, .demote_after = 1ms});
  CHECK_FALSE(subscription.demoted());
  for (int i = 0; i < 100; ++i) REQUIRE(publisher.publish(std::vector<std::byte>(500)));
  CHECK(subscription.demoted());
  go = true;
}

TEST_CASE("a handler that calls pthread_exit ends its worker, and the last worker ends the subscription",
          "[subscription]") {
  const std::size_t workers = GENERATE(1, 3);
  CAPTURE(workers);
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 1h});
  shmbus::Publisher publisher = bus.publisher("t", {.block_size = 4096, .blocks = 2});
  std::atomic<std::uint64_t> returned{0};
  const auto subscription = bus.subscribe("t",
                                          [&](const Event& e) {
                                            if (test::numbered(e).number == 0) ::pthread_exit(nullptr);
                                            ++returned;
                                          },
                                          {.subscriber = {.delivery = Delivery::reliable}, .workers = workers});
  const auto publish = [&](std::uint64_t n) { REQUIRE(publisher.publish(test::bytes_of({0, n}))); };
  for (std::size_t i = 0; i + 1 < workers; ++i) publish(0);
  for (std::uint64_t n = 1; n <= 100; ++n) publish(n);
  test::wait_until("the workers that are left", [&] { return returned == 100; });
  CHECK(subscription.status() == Status::ok);
  publish(0);
  CHECK(subscription.wait());
  CHECK(subscription.status() == Status::closed);
  CHECK(subscription.handler_errors() == workers);
  CHECK(listed(name.name()) == 0);
  for (std::uint64_t n = 1; n <= 1000; ++n) publish(n);  // the ended subscription holds no publisher back
}

TEST_CASE("a handler that calls exit ends the process with that status, also with static owners", "[subscription]") {
  const std::size_t workers = GENERATE(1, 3);
  CAPTURE(workers);
  const test::TemporaryBus name;
  ForkedProcess process{[&](const Parent&) {
    static std::optional<shmbus::Bus> bus;
    static std::optional<shmbus::Publisher> publisher;
    static std::optional<shmbus::Subscription> subscription;
    bus = shmbus::Bus::open(name.name(), {.stall_limit = 1h});
    publisher = bus->publisher("t");
    subscription = bus->subscribe("t", [](const Event&) { std::exit(42); }, {.workers = workers});
    test::require(bool{publisher->publish("x")}, "publish");
    for (;;) ::pause();
  }};
  CHECK(process.wait() == test::End{.status = 42, .signal = 0});
}

TEST_CASE("a handler that polls and calls exit ends the process with that status, with a static subscriber",
          "[subscription]") {
  const test::TemporaryBus name;
  ForkedProcess process{[&](const Parent&) {
    static std::optional<shmbus::Bus> bus;
    static std::optional<shmbus::Subscriber> subscriber;
    bus = shmbus::Bus::open(name.name());
    subscriber = bus->subscriber("t");
    test::require(bool{bus->publisher("t").publish("x")}, "publish");
    subscriber->poll([](const Event&) { std::exit(42); });
  }};
  CHECK(process.wait() == test::End{.status = 42, .signal = 0});
}

TEST_CASE("a child that a handler forks gets no more events, and stores nothing to its parent's port",
          "[subscription][fork]") {
  if (test::sanitized) return;  // the child would report its parent's memory as leaked
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 1h});
  shmbus::Publisher publisher = bus.publisher("t");
  int report[2];
  REQUIRE(::pipe(report) == 0);
  const pid_t parent = ::getpid();
  std::atomic<pid_t> child{0};
  const auto handler = [&](const Event& e) {
    if (::getpid() != parent) static_cast<void>(::write(report[1], "!", 1));  // delivered in the child
    if (e.sequence() == 3) child = ::fork();
  };
  const auto require_quiet = [&] {
    int status = 0;
    while (child <= 0) std::this_thread::sleep_for(1ms);
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
    ::close(report[1]);
    char byte;
    CHECK(::read(report[0], &byte, 1) == 0);
    ::close(report[0]);
  };
  for (int i = 0; i < 10; ++i) REQUIRE(publisher.publish("x"));
  const shmbus::SubscriberOptions from_the_first{.start = shmbus::Start::oldest()};

  SECTION("inside poll") {
    shmbus::Subscriber subscriber = bus.subscriber("t", from_the_first);
    const std::size_t polled = subscriber.poll(handler);
    if (::getpid() != parent) ::_exit(polled == 3 && subscriber.poll(handler) == 0 ? 0 : 1);
    CHECK(polled == 10);
    const auto port = [&] { return shmbus::Inspector(name.name()).snapshot().topics.at(0).subscribers.at(0); };
    CHECK(port().delivered == 10);
    require_quiet();
    CHECK(port().delivered == 10);
    CHECK(port().lag == 0);
  }
  SECTION("on a worker") {
    const std::size_t workers = GENERATE(1, 2);
    const auto subscription = bus.subscribe("t", handler, {.subscriber = from_the_first, .workers = workers});
    test::wait_until("all to be handled", [&] { return subscription.handled() == 10; });
    require_quiet();
    CHECK(subscription.status() == Status::ok);
    REQUIRE(publisher.publish("x"));
    test::wait_until("one more", [&] { return subscription.handled() == 11; });
    CHECK(shmbus::Inspector(name.name()).snapshot().topics.at(0).subscribers.at(0).delivered == 11);
  }
}
