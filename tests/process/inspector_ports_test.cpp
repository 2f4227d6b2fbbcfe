// What the inspector shows of ports: how much each publishes, which wait, which lag and for how long, which hold the ring
// back.

#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <stdexcept>
#include <thread>
#include <vector>

#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/time_limits.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using shmbus::Delivery;
using shmbus::Event;
using shmbus::Inspector;
using shmbus::NodeState;
using shmbus::PublisherSnapshot;
using shmbus::SubscriberSnapshot;
using shmbus::SubscriberState;
using shmbus::Writers;
using test::ForkedProcess;
using test::Parent;
using Clock = std::chrono::steady_clock;

namespace {

const shmbus::TopicOptions small{.block_size = 4096, .blocks = 4};

shmbus::TopicSnapshot topic(Inspector& inspector, const std::string& name = "t") {
  for (auto& t : inspector.snapshot().topics) {
    if (t.info.name == name) return t;
  }
  throw std::runtime_error("no topic " + name);
}

SubscriberSnapshot subscriber(Inspector& inspector, const std::string& name) {
  for (auto& s : topic(inspector).subscribers) {
    if (s.name == name) return s;
  }
  throw std::runtime_error("no subscriber " + name);
}

}  // namespace

TEST_CASE("publishers are shown by process, with what each published itself", "[inspector]") {
  const test::TemporaryBus name;
  const auto writers = GENERATE(Writers::shared, Writers::exclusive);
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  Inspector inspector{name.name()};
  {
    shmbus::Publisher earlier = bus.publisher("t", {.block_size = 4096, .blocks = 4, .writers = writers});
    for (int i = 0; i < 1000; ++i) REQUIRE(earlier.publish("before"));
  }
  const auto before = topic(inspector);
  CHECK(before.published == 1000);
  CHECK(before.bytes >= 1000 * 32);
  CHECK(before.opened_blocks > 4);
  shmbus::Publisher publisher = bus.publisher("t");
  auto own = topic(inspector).publishers.at(0);
  CHECK(own.published == 0);
  CHECK(own.bytes == 0);
  for (int i = 0; i < 2000; ++i) REQUIRE(publisher.publish("0123456789"));  // records of 34 bytes, which take 40 each
  const auto after = topic(inspector);
  own = after.publishers.at(0);
  CHECK(own.published == 2000);
  if (writers == Writers::shared) {
    CHECK(own.bytes == 2000 * 34);
  } else {
    CHECK(own.bytes >= 2000 * 40);
    CHECK(own.bytes < 2000 * 42);  // the difference is the padding at the end of blocks
  }
  CHECK(after.bytes - before.bytes >= own.bytes);
  CHECK(own.node == bus.node());
  CHECK(own.pid == ::getpid());
  CHECK(!own.program.empty());
  CHECK(own.state == NodeState::alive);
  CHECK(own.waits == 0);
  CHECK(own.waiting_for == 0ns);
}

TEST_CASE("a stopped reliable reader and the publishers it holds back are shown as such, until it goes on",
          "[inspector]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  bus.topic("t", small);
  Inspector inspector{name.name()};
  ForkedProcess reader{[&](const Parent& parent) {
    shmbus::Bus member = shmbus::Bus::open(name.name());
    shmbus::Subscriber s = member.subscriber("*", {.delivery = Delivery::reliable, .name = "brake"});
    parent.say();
    for (;;) {
      while (s.poll([](const Event&) {}) != 0) {
      }
      s.wait();
    }
  }};
  reader.hear();
  CHECK(subscriber(inspector, "brake").pid == reader.pid());
  CHECK(subscriber(inspector, "brake").pattern == "*");
  CHECK(subscriber(inspector, "brake").gating_for == 0ns);
  reader.stop();
  ForkedProcess writer{[&](const Parent& parent) {
    shmbus::Bus member = shmbus::Bus::open(name.name());
    shmbus::Publisher p = member.publisher("t");
    while (p.try_publish("0123456789")) {
    }
    parent.say();
    test::require(bool{p.publish("waits")}, "publish");
    parent.say();
    parent.hear();
  }};
  writer.hear();
  test::wait_until("the publisher to wait", [&] { return topic(inspector).publishers.at(0).waiting_for > 10ms; });
  auto s = subscriber(inspector, "brake");
  CHECK(s.state == SubscriberState::gating);
  CHECK(s.node_state == NodeState::stopped);
  CHECK(s.gating);
  CHECK(s.gating_for > 10ms);
  CHECK(s.gating_for < 60s);
  CHECK(s.pinned_block == 1);
  CHECK(s.lag > 100);
  REQUIRE(s.lag_time);
  CHECK(*s.lag_time >= s.gating_for);
  const auto ring = inspector.ring("t");
  REQUIRE(ring);
  REQUIRE(ring->slots.size() == 4);
  CHECK(ring->slots[1].number == 1);
  CHECK(ring->slots[1].gated_by == std::uint64_t{1} << s.port);
  CHECK(ring->slots[0].newest);
  const auto nodes = inspector.snapshot().nodes;
  CHECK(std::count_if(nodes.begin(), nodes.end(), [&](const auto& n) {
          return n.pid == reader.pid() && n.local && n.state == NodeState::stopped && n.subscribers == 1;
        }) == 1);
  reader.resume();
  writer.hear();
  test::wait_until("the reader to go on", [&] { return subscriber(inspector, "brake").lag == 0; });
  s = subscriber(inspector, "brake");
  CHECK_FALSE(s.gating);
  CHECK(s.node_state == NodeState::alive);
  const PublisherSnapshot p = topic(inspector).publishers.at(0);
  CHECK(p.waits == 1);
  CHECK(p.waiting_for == 0ns);
  writer.say();
  CHECK(writer.wait() == test::End{});
}

TEST_CASE("lag is shown in events, and in time as the age of the oldest unread event", "[inspector]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  const bool timestamps = GENERATE(true, false);
  shmbus::Publisher publisher = bus.publisher("t", {.block_size = 65536, .blocks = 4, .timestamps = timestamps});
  Inspector inspector{name.name()};
  shmbus::Subscriber s = bus.subscriber("t", {.name = "slow"});
  for (int i = 0; i < 100; ++i) publisher.publish("read");
  std::this_thread::sleep_for(20ms);
  const auto early = Clock::now();
  for (int i = 0; i < 100; ++i) publisher.publish("not read");
  const auto late = Clock::now();
  std::this_thread::sleep_for(20ms);
  CHECK(s.poll([](const Event&) {}, 100) == 100);
  for (int look = 0; look < 3; ++look) {
    const auto least = Clock::now() - late;
    const auto told = subscriber(inspector, "slow");
    const auto most = Clock::now() - early;
    CHECK(told.lag == 100);
    CHECK(told.lag_time.has_value() == timestamps);
    if (timestamps) {
      CHECK(*told.lag_time >= least - 1ms);
      CHECK(*told.lag_time <= most + 1ms);
    }
  }
  CHECK(s.poll([](const Event&) {}, 1000) == 100);
  CHECK(subscriber(inspector, "slow").lag == 0);
  if (timestamps) CHECK(subscriber(inspector, "slow").lag_time == 0ns);
}

TEST_CASE("a subscriber is shown as lapped before it notices that itself, and its retained events are shown",
          "[inspector]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t", small);
  Inspector inspector{name.name()};
  shmbus::Subscriber s = bus.subscriber("t", {.name = "slow"});
  std::vector<shmbus::RetainedEvent> kept;
  publisher.publish("kept");
  CHECK(s.poll([&](const Event& event) { kept.push_back(event.retain()); }) == 1);
  CHECK_FALSE(subscriber(inspector, "slow").lapped_now);
  for (int i = 0; i < 2000; ++i) publisher.publish("0123456789");
  auto told = subscriber(inspector, "slow");
  CHECK(told.lapped_now);
  CHECK(told.state == SubscriberState::lapped);
  CHECK(told.lapped == 0);
  CHECK(told.lag == 2000);
  CHECK(told.lag_time > 0ns);
  CHECK(told.retained_blocks == std::vector<std::uint64_t>{1});
  auto ring = inspector.ring("t");
  REQUIRE(ring->outside.size() == 1);
  CHECK(ring->outside[0].number == 1);
  CHECK(ring->outside[0].retained_by == std::uint64_t{1} << told.port);
  CHECK(ring->outside[0].pinned_by == std::uint64_t{1} << told.port);
  std::uint64_t events = 0;
  for (const auto& slot : ring->slots) events += slot.events;
  const auto t = topic(inspector);
  CHECK(events == t.published - t.oldest + 1);
  while (s.poll([](const Event&) {}) != 0) {
  }
  told = subscriber(inspector, "slow");
  CHECK_FALSE(told.lapped_now);
  CHECK(told.lapped >= 1);
  CHECK(told.lost == s.lost());
  kept.clear();
  CHECK(subscriber(inspector, "slow").retained_blocks.empty());
  CHECK_FALSE(inspector.ring("nothing"));
}

TEST_CASE("an open claim is in each snapshot, and its age grows from the first one on", "[inspector]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t", small);
  Inspector inspector{name.name()};
  std::uint64_t first_claim = 0;
  {
    const shmbus::Loan loan = publisher.loan(10);
    const auto first = topic(inspector).publishers.at(0);
    CHECK(first.claim_open);
    CHECK(first.claim_age == 0ns);
    first_claim = first.claim;
    std::this_thread::sleep_for(5ms);
    const auto again = topic(inspector).publishers.at(0);
    CHECK(again.claim == first.claim);
    CHECK(again.claim_age >= 5ms);
  }
  CHECK_FALSE(topic(inspector).publishers.at(0).claim_open);
  const shmbus::Loan another = publisher.loan(10);
  const auto p = topic(inspector).publishers.at(0);
  CHECK(p.claim_open);
  CHECK(p.claim != first_claim);
  CHECK(p.claim_age == 0ns);
}

TEST_CASE("handler errors, sleeps and a demotion are shown", "[inspector]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t", small);
  Inspector inspector{name.name()};
  const shmbus::Subscription throwing = bus.subscribe("t", [](const Event&) { throw std::runtime_error("on purpose"); },
                                                      {.subscriber = {.name = "throwing"}});
  shmbus::Subscriber brake =
      bus.subscriber("t", {.delivery = Delivery::reliable, .demote_after = 1ms, .name = "brake"});
  CHECK(subscriber(inspector, "brake").demote_after == 1ms);
  CHECK_FALSE(subscriber(inspector, "brake").demoted);
  test::wait_until("a sleep", [&] { return subscriber(inspector, "throwing").sleeping; });
  CHECK(subscriber(inspector, "throwing").state == SubscriberState::sleeping);
  for (int i = 0; i < 3; ++i) publisher.publish("x");
  test::wait_until("three errors", [&] { return subscriber(inspector, "throwing").handler_errors == 3; });
  // It may have found those before it slept.
  test::wait_until("a wake-up", [&] {
    if (subscriber(inspector, "throwing").wakeups > 0) return true;
    publisher.publish("x");
    return false;
  });
  for (int i = 0; i < 1000; ++i) REQUIRE(publisher.publish("0123456789"));
  CHECK(subscriber(inspector, "brake").demoted);
  CHECK(subscriber(inspector, "brake").delivery == Delivery::lossy);
  CHECK_FALSE(subscriber(inspector, "brake").gating);
}

TEST_CASE("the latency that the inspector shows agrees with what the subscriber measures itself",
          "[inspector][latency]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t", {.block_size = 65536, .blocks = 16});
  Inspector inspector{name.name()};
  shmbus::Subscriber s = bus.subscriber("t", {.name = "reader"});
  // Batches of ten, polled after a while: each handler call delays the events after it.
  const auto wait = GENERATE(2us, 50us, 1ms);
  std::vector<double> measured;
  const auto spin = [](auto time) {
    for (const auto end = Clock::now() + time; Clock::now() < end;) {
    }
  };
  for (int i = 0; i < 400; ++i) {
    std::vector<Clock::time_point> published;
    for (int k = 0; k < 10; ++k) {
      publisher.publish("x");
      published.push_back(Clock::now());
    }
    spin(wait);
    std::size_t next = 0;
    s.poll([&](const Event&) {
      measured.push_back(static_cast<double>((Clock::now() - published[next++]).count()));
      spin(wait / 4);
    });
  }
  std::sort(measured.begin(), measured.end());
  const auto told = subscriber(inspector, "reader").latency;
  CHECK(told.count() <= measured.size() + 64);
  CHECK(told.count() + 64 >= measured.size());
  for (const double percent : {25.0, 50.0, 75.0}) {
    INFO(percent << " % at " << wait.count() << " ns");
    const double own = measured[static_cast<std::size_t>(percent / 100 * static_cast<double>(measured.size()))];
    CHECK(static_cast<double>(told.percentile(percent).count()) == Approx(own).epsilon(0.2));
  }
  CHECK(told.since(told).count() == 0);
}
