// A handler that publishes waits like any publisher, unless it would wait for itself.

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>
#include <vector>

#include "shmbus/shmbus.hpp"
#include "support/numbered_event.hpp"
#include "support/time_limits.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using shmbus::Delivery;
using shmbus::Event;
using shmbus::Status;

namespace {

const shmbus::TopicOptions small{.block_size = 4096, .blocks = 2};
const shmbus::SubscriberOptions reliable{.delivery = Delivery::reliable};

}  // namespace

TEST_CASE("a handler's publish waits for another subscription of its process that another thread reads", "[handler]") {
  const std::uint64_t events = 2000;
  const std::size_t workers = GENERATE(1, 2);
  CAPTURE(workers);
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 1h});
  bus.topic("first", small);
  bus.topic("second", small);
  shmbus::Publisher first = bus.publisher("first");
  std::atomic<std::uint64_t> refused{0};
  const auto second_stage = bus.subscribe(
      "second", [](const Event&) {}, reliable);
  const auto first_stage = bus.subscribe("first",
                                         [&](const Event& e) {
                                           thread_local std::vector<shmbus::Publisher> own;  // for one thread at a time
                                           if (own.empty()) own.push_back(bus.publisher("second"));
                                           if (!own.front().publish(e.payload())) ++refused;
                                         },
                                         {.subscriber = reliable, .workers = workers});
  const std::vector<std::byte> payload(200);
  for (std::uint64_t i = 0; i < events; ++i) REQUIRE(first.publish(payload));
  test::wait_until("both stages",
                   [&] { return first_stage.handled() == events && second_stage.handled() >= events - refused; });
  CHECK(refused == 0);
  CHECK(second_stage.handled() == events);
}

TEST_CASE("a handler's publish to a topic that its own subscription holds back is refused, whichever Bus object it uses",
          "[handler]") {
  const test::TemporaryBus name;
  shmbus::Bus listening = shmbus::Bus::open(name.name(), {.stall_limit = 1h});
  shmbus::Bus publishing = shmbus::Bus::open(name.name());
  REQUIRE(listening.node() != publishing.node());
  shmbus::Publisher publisher = publishing.publisher("t", small);
  const std::vector<std::byte> payload(1000);
  const auto fill = [&] {
    Status last = Status::ok;
    for (int i = 0; i < 100 && last == Status::ok; ++i) last = publisher.publish(payload).status();
    return last;
  };

  SECTION("inside poll") {
    shmbus::Subscriber subscriber = listening.subscriber("t", reliable);
    REQUIRE(publisher.publish(payload));
    Status last = Status::ok;
    subscriber.poll([&](const Event&) { last = fill(); }, 1);
    CHECK(last == Status::back_pressured);
    while (subscriber.poll([](const Event&) {}) != 0) {
    }
    CHECK(publisher.publish(payload));
  }
  SECTION("on a worker") {
    const std::size_t workers = GENERATE(1, 2);
    std::atomic<int> last{-1};
    REQUIRE(publisher.publish(payload));
    const auto subscription = listening.subscribe(
        "t",
        [&](const Event&) {
          static std::atomic<bool> once;
          if (last == -1 && !once.exchange(true)) {
            last = static_cast<int>(fill());
            once = false;
          }
        },
        {.subscriber = {.start = shmbus::Start::oldest(), .delivery = Delivery::reliable}, .workers = workers});
    if (workers == 1) {
      test::wait_until("the handler", [&] { return last != -1; });
      CHECK(last == static_cast<int>(Status::back_pressured));
    } else {  // another worker may read on meanwhile; the publish must return in any case
      test::wait_until("the handler", [&] { return last != -1; });
    }
  }
}

TEST_CASE("a handler's publish that waits for another subscription is refused once its own subscription gates",
          "[handler]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 1h});
  shmbus::Publisher publisher = bus.publisher("t", small);
  shmbus::Subscriber other = bus.subscriber("t", reliable);
  shmbus::Subscriber own = bus.subscriber("t", reliable);
  const std::vector<std::byte> payload(1000);
  REQUIRE(publisher.publish(payload));
  std::thread drains([&] {
    for (int i = 0; i < 50; ++i) {
      other.poll([](const Event&) {});
      std::this_thread::sleep_for(1ms);
    }
  });
  Status last = Status::ok;
  own.poll(
      [&](const Event&) {
        for (int i = 0; i < 1000 && last == Status::ok; ++i) last = publisher.publish(payload).status();
      },
      1);
  drains.join();
  CHECK(last == Status::back_pressured);
}
