#include <catch2/catch.hpp>

#include <chrono>
#include <limits>
#include <ratio>
#include <string>
#include <thread>

#include "shmbus/detail/saturated.hpp"
#include "shmbus/shmbus.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using std::chrono::duration;
using std::chrono::nanoseconds;

TEST_CASE("a time-out of any duration is converted, or saturates", "[time_out]") {
  const auto in_ns = [](auto timeout) { return shmbus::detail::saturated(timeout); };
  CHECK(in_ns(100ms) == 100ms);
  CHECK(in_ns(nanoseconds::max()) == nanoseconds::max());
  CHECK(in_ns(std::chrono::seconds::max()) == nanoseconds::max());
  CHECK(in_ns(std::chrono::hours::max()) == nanoseconds::max());
  CHECK(in_ns(std::chrono::milliseconds::max()) == nanoseconds::max());
  CHECK(in_ns(duration<std::int64_t, std::pico>(5000)) == 5ns);
  CHECK(in_ns(duration<double>(0.5)) == 500ms);
  CHECK(in_ns(duration<double>(1e300)) == nanoseconds::max());
  CHECK(in_ns(duration<float>(std::numeric_limits<float>::infinity())) == nanoseconds::max());
}

TEST_CASE("a time-out that is negative, or not a number, is zero", "[time_out]") {
  const auto in_ns = [](auto timeout) { return shmbus::detail::saturated(timeout); };
  CHECK(in_ns(-1ns) == 0ns);
  CHECK(in_ns(std::chrono::hours::min()) == 0ns);
  CHECK(in_ns(duration<double>(-1e300)) == 0ns);
  CHECK(in_ns(duration<double>(std::numeric_limits<double>::quiet_NaN())) == 0ns);
}

TEST_CASE("a wait with the longest duration of any unit waits for an event", "[time_out]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t");
  shmbus::Subscriber subscriber = bus.subscriber("t");
  const auto waits = [&](auto timeout) {
    std::atomic<bool> published{false};
    std::thread later([&] {
      std::this_thread::sleep_for(20ms);
      published = true;
      publisher.publish("x");
    });
    const bool look = subscriber.wait(timeout);
    const bool waited = published;
    later.join();
    subscriber.poll([](const shmbus::Event&) {});
    return look && waited;
  };
  CHECK(waits(std::chrono::hours::max()));
  CHECK(waits(std::chrono::seconds::max()));
  CHECK(waits(nanoseconds::max()));
  CHECK(waits(duration<double>(1e300)));
  CHECK_FALSE(subscriber.wait(std::chrono::seconds::min()));
  CHECK_FALSE(subscriber.wait(duration<double>(std::numeric_limits<double>::quiet_NaN())));
}

TEST_CASE("publish_for with the longest duration of any unit waits until there is room", "[time_out]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t", {.block_size = 4096, .blocks = 2});
  shmbus::Subscriber subscriber = bus.subscriber("t", {.delivery = shmbus::Delivery::reliable});
  const std::string payload(1000, 'x');
  while (publisher.try_publish(payload)) {
  }
  CHECK(publisher.publish_for(std::chrono::hours::min(), payload).status() == shmbus::Status::back_pressured);
  CHECK(publisher.publish_for(duration<double>(0.001), payload).status() == shmbus::Status::back_pressured);
  for (const shmbus::Timeout timeout : {shmbus::Timeout(0ms), shmbus::Timeout(1ms), shmbus::Timeout(-1h)}) {
    const shmbus::PublishOptions options{.timeout = timeout, .key = "key"};
    CHECK(publisher.publish(payload, options).status() == shmbus::Status::back_pressured);
    CHECK(publisher.loan(1000, options).status() == shmbus::Status::back_pressured);
  }
  std::atomic<bool> drained{false};
  std::thread reader([&] {
    std::this_thread::sleep_for(20ms);
    drained = true;
    while (subscriber.poll([](const shmbus::Event&) {}) != 0) {
    }
  });
  CHECK(publisher.publish_for(std::chrono::hours::max(), payload));
  CHECK(drained);
  reader.join();
}

TEST_CASE("any duration converts to a Timeout, and the longest of any unit means no limit", "[time_out]") {
  using shmbus::Timeout;
  CHECK(Timeout(3us).length() == nanoseconds(3000));
  CHECK(Timeout(std::chrono::hours::max()).length() == Timeout::unlimited().length());
  CHECK(Timeout(std::chrono::seconds::max()).length() == Timeout::unlimited().length());
  CHECK(Timeout(duration<double>(1e300)).length() == Timeout::unlimited().length());
  CHECK(Timeout(std::chrono::seconds::min()).length() == nanoseconds(0));
  CHECK(Timeout(duration<double>(std::numeric_limits<double>::quiet_NaN())).length() == nanoseconds(0));
  CHECK(shmbus::PublishOptions{}.timeout.length() == nanoseconds::max());
}
