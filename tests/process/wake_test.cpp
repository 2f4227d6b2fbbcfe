// Sleep and wake. The stall limit is an hour here, so that the bounded sleep does not make up for a lost wake-up.

#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>
#include <random>
#include <thread>
#include <vector>

#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/time_limits.hpp"
#include "support/shared_value.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using shmbus::Event;
using shmbus::WaitStrategy;
using test::ForkedProcess;
using test::Parent;

namespace {

const shmbus::BusOptions unhealed{.stall_limit = 1h};
void ignore(const Event&) {}

bool readable(int fd) {
  pollfd p{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&p, 1, 0) == 1;
}

}  // namespace

TEST_CASE("no wake-up is lost between two processes that answer each other", "[wake]") {
  const auto writers = GENERATE(shmbus::Writers::shared, shmbus::Writers::exclusive);
  const auto wait = GENERATE(WaitStrategy::sleep(), WaitStrategy::balanced());
  const std::uint64_t rounds = 5000 / test::slowness;
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), unhealed);
  const auto play = [&](shmbus::Bus& member, const char* out, const char* in, bool begins) {
    shmbus::Publisher publisher = member.publisher(out, {.writers = writers});
    shmbus::Subscriber subscriber = member.subscriber(in, {.start = shmbus::Start::oldest(), .wait = wait});
    if (begins) publisher.publish("serve");
    for (std::uint64_t got = 0; got < rounds;) {
      const std::size_t n = subscriber.poll(ignore, 1);
      got += n;
      if (n == 0)
        test::require(subscriber.wait(test::patience), "a wake-up was lost");
      else if (!(begins && got == rounds))
        publisher.publish("back");
    }
  };
  ForkedProcess other{[&](const Parent&) {
    shmbus::Bus member = shmbus::Bus::open(name.name());
    play(member, "pong", "ping", false);
  }};
  CHECK_NOTHROW(play(bus, "ping", "pong", true));
  CHECK(other.wait() == test::End{});
}

TEST_CASE("sleepers of one topic and of many are all woken, at random times", "[wake]") {
  const std::uint64_t events = 3000 / test::slowness;
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), unhealed);
  std::vector<ForkedProcess> sleepers;
  for (const char* pattern : {"a", "b", ">", "*"}) {
    const std::uint64_t expected = *pattern == 'a' || *pattern == 'b' ? events : 2 * events;
    sleepers.emplace_back([&name, pattern, expected](const Parent& parent) {
      shmbus::Bus member = shmbus::Bus::open(name.name());
      shmbus::Subscriber subscriber = member.subscriber(pattern, {.wait = WaitStrategy::sleep()});
      parent.say();
      for (std::uint64_t seen = 0; seen < expected;) {
        const std::size_t n = subscriber.poll(ignore);
        seen += n;
        if (n == 0) test::require(subscriber.wait(test::patience), "a wake-up was lost");
      }
    });
  }
  for (const ForkedProcess& sleeper : sleepers) sleeper.hear();
  std::mt19937 random{Catch::rngSeed()};
  shmbus::Publisher a = bus.publisher("a"), b = bus.publisher("b", {.writers = shmbus::Writers::exclusive});
  for (std::uint64_t i = 0; i < events; ++i) {
    a.publish("a");
    if (random() % 2 == 0) std::this_thread::sleep_for(std::chrono::microseconds{random() % 100});
    b.publish("b");
  }
  for (ForkedProcess& sleeper : sleepers) CHECK(sleeper.wait() == test::End{});
}

TEST_CASE("the creation of a topic wakes subscribers that wait for it", "[wake]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), unhealed);
  for (unsigned round = 0; round < 50 / test::slowness; ++round) {
    const std::string topic = "new." + std::to_string(round);
    ForkedProcess sleeper{[&](const Parent& parent) {
      shmbus::Bus member = shmbus::Bus::open(name.name());
      shmbus::Subscriber subscriber = member.subscriber(topic, {.wait = WaitStrategy::sleep()});
      parent.say();
      while (subscriber.poll(ignore) == 0) test::require(subscriber.wait(test::patience), "a wake-up was lost");
    }};
    sleeper.hear();
    bus.publisher(topic).publish("first");
    CHECK(sleeper.wait() == test::End{});
  }
}

TEST_CASE("a wait without an event ends after its time-out, not before", "[wake]") {
  const auto strategy = GENERATE(WaitStrategy::sleep(), WaitStrategy::balanced(), WaitStrategy::spin());
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  bus.topic("t");
  for (const char* pattern : {"t", "not.there"}) {
    shmbus::Subscriber subscriber = bus.subscriber(pattern, {.wait = strategy});
    const auto start = std::chrono::steady_clock::now();
    CHECK_FALSE(subscriber.wait(50ms));
    CHECK(std::chrono::steady_clock::now() - start >= 50ms);
    CHECK_FALSE(subscriber.wait(0ns));
    CHECK_FALSE(subscriber.wait(-5s));
  }
}

TEST_CASE("a wait longer than the stall limit lasts until its time-out", "[wake]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 5ms});
  shmbus::Subscriber subscriber = bus.subscriber("t");
  const auto start = std::chrono::steady_clock::now();
  CHECK_FALSE(subscriber.wait(100ms));
  CHECK(std::chrono::steady_clock::now() - start >= 100ms);
}

TEST_CASE("a wait returns at once when there are events", "[wake]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), unhealed);
  shmbus::Subscriber subscriber = bus.subscriber("t");
  shmbus::Publisher publisher = bus.publisher("t");
  publisher.publish("x");
  CHECK(subscriber.wait());
  CHECK(subscriber.wait());
  CHECK(subscriber.poll(ignore) == 1);
  CHECK_FALSE(subscriber.wait(1ms));
}

TEST_CASE("an interrupt ends a wait that has begun and every later one", "[wake]") {
  const auto strategy = GENERATE(WaitStrategy::sleep(), WaitStrategy::spin());
  const bool whole_bus = GENERATE(false, true);
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), unhealed);
  shmbus::Subscriber subscriber = bus.subscriber("t", {.wait = strategy}), other = bus.subscriber("t");
  bool result = true;
  std::thread waiter([&] { result = subscriber.wait(); });
  std::this_thread::sleep_for(5ms);
  if (whole_bus)
    bus.interrupt();
  else
    subscriber.interrupt();
  waiter.join();
  CHECK_FALSE(result);
  CHECK_FALSE(subscriber.wait());
  if (whole_bus) CHECK_FALSE(other.wait());
}

namespace {
std::atomic<shmbus::Bus*> to_interrupt{nullptr};
}

TEST_CASE("a signal handler may interrupt", "[wake]") {
  const test::TemporaryBus name;
  ForkedProcess process{[&](const Parent& parent) {
    shmbus::Bus bus = shmbus::Bus::open(name.name(), unhealed);
    shmbus::Subscriber subscriber = bus.subscriber("t");
    to_interrupt = &bus;
    struct sigaction action {};
    action.sa_handler = [](int) { to_interrupt.load()->interrupt(); };
    ::sigaction(SIGTERM, &action, nullptr);
    parent.say();
    test::require(!subscriber.wait(test::patience), "the wait ended by something else");
    test::require(bus.interrupted(), "not interrupted");
  }};
  process.hear();
  ::kill(process.pid(), SIGTERM);
  CHECK(process.wait() == test::End{});
}

TEST_CASE("the descriptor is readable when there is something to poll, and quiet when there is not", "[wake]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), unhealed);
  shmbus::Subscriber subscriber = bus.subscriber("t.*");
  const int fd = subscriber.fd();
  CHECK(fd == subscriber.fd());
  CHECK_FALSE(readable(fd));
  ForkedProcess publisher{[&](const Parent& parent) {
    shmbus::Bus member = shmbus::Bus::open(name.name());
    shmbus::Publisher one = member.publisher("t.one");
    for (std::uint64_t n = parent.hear(); n != 0; n = parent.hear()) {
      for (std::uint64_t i = 0; i < n; ++i) one.publish("x");
      if (n == 2) member.publisher("t.two").publish("y");
    }
  }};
  const auto poll_dry = [&] {
    std::size_t seen = 0;
    while (const std::size_t n = subscriber.poll(ignore)) seen += n;
    return seen;
  };
  poll_dry();  // the topic t.one is new
  const auto expect = [&](std::uint64_t say, std::size_t count) {
    publisher.say(say);
    std::size_t seen = 0;
    const test::Deadline deadline;
    while (seen < count) {
      pollfd p{.fd = fd, .events = POLLIN, .revents = 0};
      REQUIRE(::poll(&p, 1, 60'000) == 1);
      seen += poll_dry();
      deadline.check("events");
    }
    CHECK(seen == count);
    CHECK_FALSE(readable(fd));
  };
  expect(1, 1);
  expect(1, 1);
  expect(1000, 1000);
  expect(2, 3);
  for (int i = 0; i < 200; ++i) expect(1, 1);

  publisher.say(10);  // readable for as long as events are left
  pollfd p{.fd = fd, .events = POLLIN, .revents = 0};
  REQUIRE(::poll(&p, 1, 60'000) == 1);
  test::wait_until("all ten",
                   [&] { return shmbus::Inspector(name.name()).snapshot().topics.at(0).subscribers.at(0).lag == 10; });
  CHECK(subscriber.poll(ignore, 3) == 3);
  CHECK(readable(fd));
  CHECK(poll_dry() == 7);
  CHECK_FALSE(readable(fd));
  subscriber.interrupt();
  REQUIRE(::poll(&p, 1, 60'000) == 1);
  publisher.say(0);
  CHECK(publisher.wait() == test::End{});
}
