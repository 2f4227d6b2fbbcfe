// Claims that stay open while something else happens: their topic is removed, or their publisher dies while a reader waits
// by descriptor.

#include <poll.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <vector>

#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/time_limits.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using shmbus::Delivery;
using shmbus::Event;
using test::ForkedProcess;
using test::Parent;

TEST_CASE("an event that is committed after its topic was removed is delivered or counted as lost", "[removal]") {
  const auto delivery = GENERATE(Delivery::lossy, Delivery::reliable);
  const auto writers = GENERATE(shmbus::Writers::shared, shmbus::Writers::exclusive);
  const bool waits = GENERATE(false, true);
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 20ms});
  shmbus::Subscriber subscriber = bus.subscriber("t", {.delivery = delivery});
  std::vector<shmbus::Publisher> publishers;
  std::vector<shmbus::Loan> loans;
  const int count = writers == shmbus::Writers::exclusive ? 1 : 11;
  for (int i = 0; i < count; ++i) publishers.push_back(bus.publisher("t", {.writers = writers}));
  for (shmbus::Publisher& publisher : publishers) loans.push_back(publisher.loan(8));
  const auto read = [&] {
    const std::size_t n = subscriber.poll([](const Event&) {});
    if (n == 0 && waits) subscriber.wait(30ms);  // longer than the stall limit, so that the reader looks at open claims
    return n;
  };
  read();
  REQUIRE(bus.remove_topic("t"));
  for (int i = 0; i < 3; ++i) read();
  CHECK(subscriber.topics() == 0);
  std::uint64_t committed = 0;
  for (shmbus::Loan& loan : loans) committed += loan.commit() ? 1 : 0;
  CHECK(committed == static_cast<std::uint64_t>(count));
  test::wait_until("what was committed", [&] {
    read();
    return subscriber.delivered() + subscriber.lost() == committed;
  });
  if (delivery == Delivery::reliable) CHECK(subscriber.lost() == 0);
  loans.clear();
  publishers.clear();
  CHECK(subscriber.status() == shmbus::Status::ok);
}

TEST_CASE("a subscriber unmaps a removed topic when the topic's publishers are gone", "[removal]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 5ms});
  shmbus::Subscriber subscriber = bus.subscriber(">");
  for (int i = 0; i < 50; ++i) {
    shmbus::Publisher publisher = bus.publisher("t", {.block_size = 4096, .blocks = 2});
    subscriber.poll([](const Event&) {});  // attaches the topic
    publisher.publish("x");
    REQUIRE(bus.remove_topic("t"));
  }
  test::wait_until("all to be read", [&] {
    subscriber.poll([](const Event&) {});
    return subscriber.delivered() == 50;
  });
  CHECK(subscriber.lost() == 0);
}

TEST_CASE("a reader that waits by descriptor passes a dead publisher's claim before the stall limit", "[wake]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 60s});
  shmbus::Subscriber subscriber = bus.subscriber("t", {.delivery = Delivery::reliable});
  shmbus::Publisher publisher = bus.publisher("t");
  ForkedProcess victim{[&](const Parent& parent) {
    shmbus::Bus member = shmbus::Bus::open(name.name());
    shmbus::Publisher mine = member.publisher("t");
    shmbus::Loan loan = mine.loan(8);
    parent.say();
    parent.hear();
  }};
  victim.hear();
  REQUIRE(publisher.publish("behind the open claim"));
  const int fd = subscriber.fd();
  const auto began = std::chrono::steady_clock::now();
  std::size_t seen = 0;
  bool dead = false;
  while (seen == 0) {
    pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
    REQUIRE(::poll(&ready, 1, 50'000) == 1);
    while (const std::size_t n = subscriber.poll([](const Event&) {})) seen += n;
    if (!std::exchange(dead, true)) victim.kill();
  }
  CHECK(std::chrono::steady_clock::now() - began < 20s);  // of the 60 s of a stall limit
  CHECK(seen == 1);
}
