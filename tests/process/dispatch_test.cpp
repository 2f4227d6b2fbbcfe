// Handlers on worker threads: subscriptions do not disturb each other.

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/numbered_event.hpp"
#include "support/time_limits.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using shmbus::Delivery;
using shmbus::Event;
using shmbus::Status;
using test::ForkedProcess;
using test::Parent;

namespace {

/// A gate that handlers wait at.
class Gate {
 public:
  ~Gate() { open(); }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, test::patience, [&] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

void publish_numbers(const std::string& bus, const std::string& topic, std::uint64_t count) {
  shmbus::Bus member = shmbus::Bus::open(bus);
  shmbus::Publisher publisher = member.publisher(topic);
  for (std::uint64_t n = 1; n <= count; ++n) test::require(bool{publisher.publish(test::bytes_of({0, n}))}, "publish");
}

}  // namespace

TEST_CASE("a handler that hangs does not delay another subscription of the same process", "[dispatch]") {
  const std::uint64_t events = 1000;
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  Gate gate;
  std::atomic<unsigned> hung{0};
  const shmbus::Subscription hangs = bus.subscribe("video", [&](const Event&) {
    ++hung;
    gate.pass();
  });
  const shmbus::Subscription works = bus.subscribe("video", [](const Event&) {});
  publish_numbers(name.name(), "video", events);
  // The other handler hangs all the time: if it delayed this subscription, the wait would not end.
  test::wait_until("the other subscription", [&] { return works.handled() == events; });
  CHECK(hangs.handled() == 0);
  CHECK(hung <= 1);
  gate.open();
  test::wait_until("the late one", [&] { return hangs.handled() == events; });
  CHECK(hangs.lost() == 0);
}

TEST_CASE("an exception from a handler is counted, and the next event is handled", "[dispatch]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  std::atomic<std::uint64_t> last{0};
  const shmbus::Subscription subscription = bus.subscribe("t", [&](const Event& event) {
    last = event.sequence();
    if (event.sequence() % 10 == 0) throw std::runtime_error("thrown by the test, on purpose");
    if (event.sequence() % 10 == 5) throw 5;  // not a std::exception
  });
  publish_numbers(name.name(), "t", 100);
  test::wait_until("all to be handled", [&] { return subscription.handled() == 100; });
  CHECK(subscription.handler_errors() == 20);
  CHECK(last == 100);
}

TEST_CASE("one worker keeps the order, and several workers handle events at one time and miss none", "[dispatch]") {
  const std::uint64_t events = 5000;
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());

  std::vector<std::uint64_t> one;
  const shmbus::Subscription ordered = bus.subscribe("t", [&](const Event& e) { one.push_back(e.sequence()); });

  std::mutex mutex;
  std::vector<std::uint64_t> many;
  std::atomic<unsigned> inside{0};
  Gate all_inside;
  const shmbus::Subscription parallel = bus.subscribe("t",
                                                      [&](const Event& e) {
                                                        if (++inside == 4) all_inside.open();
                                                        all_inside.pass();
                                                        const std::lock_guard lock(mutex);
                                                        many.push_back(e.sequence());
                                                      },
                                                      {.workers = 4});
  publish_numbers(name.name(), "t", events);
  test::wait_until("all to be handled", [&] { return ordered.handled() == events && parallel.handled() == events; });
  CHECK(std::is_sorted(one.begin(), one.end()));
  CHECK(one.size() == events);
  std::sort(many.begin(), many.end());
  REQUIRE(many.size() == events);
  CHECK(many.front() == 1);
  CHECK(many.back() == events);
  CHECK(std::adjacent_find(many.begin(), many.end()) == many.end());
}

TEST_CASE("a full queue stops polling: a reliable subscription's lag shows, and nothing is dropped", "[dispatch]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  bus.topic("t", {.block_size = 4096, .blocks = 2});
  ForkedProcess publisher{[&](const Parent& parent) {
    // Forked before this process has threads: in a sanitized build a child would inherit their locks and wait for them.
    const test::Deadline deadline;
    while (shmbus::Inspector(name.name()).snapshot().topics.at(0).subscribers.empty()) deadline.check("a subscriber");
    shmbus::Bus member = shmbus::Bus::open(name.name());
    shmbus::Publisher p = member.publisher("t");
    std::uint64_t n = 1;
    while (p.publish_for(500ms, test::bytes_of({0, n})).status() == Status::ok) ++n;
    parent.say(n - 1);
    const std::uint64_t all = 5000;
    for (; n <= all; ++n) test::require(bool{p.publish(test::bytes_of({0, n}))}, "publish");
    parent.say(all);
  }};
  Gate gate;
  std::vector<std::uint64_t> handled;
  const shmbus::Subscription subscription = bus.subscribe("t",
                                                          [&](const Event& e) {
                                                            gate.pass();
                                                            handled.push_back(test::numbered(e).number);
                                                          },
                                                          {.subscriber = {.delivery = Delivery::reliable}, .queue = 4});

  const std::uint64_t accepted = publisher.hear();
  const auto snapshot = shmbus::Inspector(name.name()).snapshot();
  REQUIRE(snapshot.topics.size() == 1);
  REQUIRE(snapshot.topics[0].subscribers.size() == 1);
  const auto& port = snapshot.topics[0].subscribers[0];
  CHECK(snapshot.topics[0].published == accepted);
  CHECK(port.delivered <= 5);  // four events in the queue, one at the gate
  CHECK(port.lag == accepted - port.delivered);
  CHECK(port.gating);
  gate.open();
  const std::uint64_t all = publisher.hear();
  test::wait_until("all to be handled", [&] { return subscription.handled() == all; });
  CHECK(subscription.lost() == 0);
  REQUIRE(handled.size() == all);
  for (std::uint64_t i = 0; i < all; ++i) CHECK(handled[i] == i + 1);
  CHECK(publisher.wait() == test::End{});
}

TEST_CASE("a lossy subscription with a full queue counts exactly what it missed", "[dispatch]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  bus.topic("t", {.block_size = 4096, .blocks = 2});
  Gate gate;
  const shmbus::Subscription subscription = bus.subscribe("t", [&](const Event&) { gate.pass(); }, {.queue = 4});
  const std::uint64_t events = 10'000;
  publish_numbers(name.name(), "t", events);
  gate.open();
  test::wait_until("all to be handled or lost", [&] { return subscription.handled() + subscription.lost() == events; });
  CHECK(subscription.lost() > 0);
  std::this_thread::sleep_for(20ms);
  CHECK(subscription.handled() + subscription.lost() == events);
}

TEST_CASE("publishing from a handler to the topic that it holds back gives back_pressured, not a deadlock",
          "[dispatch]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 1h});
  shmbus::Publisher publisher = bus.publisher("t", {.block_size = 4096, .blocks = 2});
  const std::vector<std::byte> payload(1000);

  SECTION("on a worker thread") {
    std::atomic<int> status{-1};
    const shmbus::Subscription subscription =
        bus.subscribe("t",
                      [&](const Event&) {
                        shmbus::Publisher own = bus.publisher("t");
                        Status last = Status::ok;
                        for (int i = 0; i < 100 && last == Status::ok; ++i) last = own.publish(payload).status();
                        if (status == -1) status = static_cast<int>(last);
                      },
                      {.subscriber = {.delivery = Delivery::reliable}, .queue = 1});
    REQUIRE(publisher.publish(payload));
    test::wait_until("the handler", [&] { return status != -1; });
    CHECK(status == static_cast<int>(Status::back_pressured));
  }
  SECTION("inside poll") {
    shmbus::Subscriber subscriber = bus.subscriber("t", {.delivery = Delivery::reliable});
    REQUIRE(publisher.publish(payload));
    Status last = Status::ok;
    subscriber.poll(
        [&](const Event&) {
          for (int i = 0; i < 100 && last == Status::ok; ++i) last = publisher.publish(payload).status();
        },
        1);
    CHECK(last == Status::back_pressured);
    CHECK(subscriber.poll([](const Event&) {}) > 0);
    CHECK(publisher.publish(payload));
  }
}

TEST_CASE("ending a subscription waits for the running handler, and not for queued events", "[dispatch]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  std::atomic<unsigned> begun{0}, ended{0};
  {
    const shmbus::Subscription subscription = bus.subscribe("t", [&](const Event&) {
      ++begun;
      std::this_thread::sleep_for(50ms);
      ++ended;
    });
    publish_numbers(name.name(), "t", 10'000);
    test::wait_until("the handler", [&] { return begun > 0; });
  }
  CHECK(begun == ended);
  CHECK(begun < 10'000);
  CHECK(shmbus::Inspector(name.name()).snapshot().subscriptions.empty());
}

TEST_CASE("interrupting the bus ends waits and workers, and destroying it does not hang", "[dispatch]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 1h});
  const shmbus::Subscription idle = bus.subscribe("t", [](const Event&) {});
  shmbus::Subscriber subscriber = bus.subscriber("t");
  std::thread waiter([&] {
    while (!bus.interrupted()) subscriber.wait();
  });
  std::this_thread::sleep_for(10ms);
  bus.interrupt();
  waiter.join();
  CHECK(bus.interrupted());
}
