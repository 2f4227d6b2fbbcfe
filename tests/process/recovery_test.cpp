// Processes killed at random moments: the others go on, and what the dead held is freed.

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/numbered_event.hpp"
#include "support/shared_value.hpp"
#include "support/temporary_bus.hpp"
#include "support/time_limits.hpp"

using namespace std::chrono_literals;
using shmbus::Delivery;
using shmbus::Event;
using shmbus::Start;
using shmbus::Status;
using test::ForkedProcess;
using test::Parent;
using test::SelfChecking;

namespace {

constexpr std::size_t survivors = 2;     // publishers
constexpr std::uint64_t the_end = 0xfe;  // stands for the publisher of the last event of the topic
const shmbus::TopicOptions small{.block_size = 4096, .blocks = 4};

struct Shared {
  std::atomic<bool> enough{false};
  std::array<std::atomic<std::uint64_t>, survivors> published{};
};

/// Fills an event's words with its number and publisher, so that a torn event can be recognised.
void fill(std::span<std::uint64_t> words, std::uint64_t publisher, std::uint64_t number) {
  SelfChecking::fill(words, number << 8 | publisher);
}

void survive_publishing(const std::string& bus, std::uint64_t self, Shared& shared) {
  shmbus::Bus member = shmbus::Bus::open(bus);
  shmbus::Publisher publisher = member.publisher("t", small);
  std::array<std::uint64_t, 40> words{};
  for (std::uint64_t n = 1; !shared.enough; ++n) {
    const std::span payload = std::span{words}.first(1 + n % words.size());
    fill(payload, self, n);
    const Status status = publisher.publish(std::as_bytes(payload)).status();
    test::require(status == Status::ok, std::string{"a survivor's publish gave "} + shmbus::to_string(status));
    shared.published[self].store(n);
  }
}

void survive_reading(const std::string& bus, Delivery delivery, Shared& shared, const Parent& parent) {
  shmbus::Bus member = shmbus::Bus::open(bus);
  shmbus::Subscriber subscriber = member.subscriber("t", {.start = Start::oldest(), .delivery = delivery});
  parent.say();
  std::array<std::uint64_t, survivors> last{};
  std::uint64_t sequence = 0;
  bool ended = false;
  std::optional<test::Deadline> deadline;
  while (!ended) {
    const std::size_t n = subscriber.poll([&](const Event& event) {
      test::require(SelfChecking::whole(event.payload()), "a torn event");
      test::require(event.sequence() > sequence, "a sequence that does not increase");
      sequence = event.sequence();
      const std::uint64_t word = SelfChecking::number(event.payload());
      const std::uint64_t publisher = word & 0xff, number = word >> 8;
      ended = ended || publisher == the_end;
      if (publisher >= survivors) return;  // published by a victim, or the end
      test::require(number > last[publisher], "a publisher's events out of order");
      if (delivery == Delivery::reliable) test::require(number == last[publisher] + 1, "a lost event");
      last[publisher] = number;
    });
    if (n == 0) subscriber.wait(1ms);
    if (!shared.enough) continue;
    if (!deadline) deadline.emplace();
    deadline->check(delivery == Delivery::reliable ? "the last event, reliably" : "the last event");
  }
  test::require(subscriber.status() == Status::ok, shmbus::to_string(subscriber.status()));
  // A lossy subscriber may have been lapped by the other publisher since it saw this one's last event.
  for (std::size_t i = 0; i < survivors; ++i) {
    test::require(last[i] == shared.published[i] || subscriber.lost() > 0, "a survivor's last event is missing");
  }
  if (delivery == Delivery::reliable) test::require(subscriber.lost() == 0, "a reliable subscriber lost events");
}

void publish_until_killed(const std::string& bus) {
  shmbus::Bus member = shmbus::Bus::open(bus);
  shmbus::Publisher publisher = member.publisher("t", small);
  std::array<std::uint64_t, 40> words{};
  for (std::uint64_t n = 1;; ++n) {
    const std::span payload = std::span{words}.first(1 + n % words.size());
    fill(payload, 0xff, n);
    if (n % 3 != 0) {
      publisher.publish(std::as_bytes(payload));
    } else if (shmbus::Loan loan = publisher.loan(payload.size_bytes())) {
      std::copy_n(std::as_bytes(payload).begin(), payload.size_bytes(), loan.payload().begin());
      loan.commit();
    }
  }
}

void read_until_killed(const std::string& bus, const shmbus::SubscriberOptions& options, bool retain) {
  shmbus::Bus member = shmbus::Bus::open(bus);
  shmbus::Subscriber subscriber = member.subscriber(">", options);
  std::vector<shmbus::RetainedEvent> retained;
  for (;;) {
    const std::size_t n = subscriber.poll([&](const Event& event) {
      if (retain && event.sequence() % 50 == 0) retained.push_back(event.retain());
    });
    if (retained.size() > 20) retained.clear();
    if (n == 0) subscriber.wait();
  }
}

void live_until_killed(const std::string& bus, unsigned kind) {
  switch (kind % 6) {
    case 0:
    case 1:
      return publish_until_killed(bus);
    case 2:
      return read_until_killed(bus, {}, false);
    case 3:
      return read_until_killed(bus, {.delivery = Delivery::reliable}, false);
    case 4:
      return read_until_killed(bus, {.start = Start::oldest(), .delivery = Delivery::reliable}, true);
    default:  // attaches and detaches again and again
      for (;;) {
        shmbus::Bus member = shmbus::Bus::open(bus);
        shmbus::Publisher publisher = member.publisher("t", small);
        shmbus::Subscriber subscriber = member.subscriber("t", {.delivery = Delivery::reliable});
        SelfChecking::publish(publisher, 0xff, 3);
      }
  }
}

}  // namespace

TEST_CASE("processes killed at random moments do others no harm, and leave nothing behind after a reap", "[recovery]") {
  const test::TemporaryBus name;
  const test::SharedValue<Shared> shared;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 100ms});
  std::vector<ForkedProcess> readers, publishers;
  for (Delivery delivery : {Delivery::reliable, Delivery::lossy})
    readers.emplace_back([&, delivery](const Parent& p) { survive_reading(name.name(), delivery, *shared, p); });
  for (const ForkedProcess& reader : readers) reader.hear();
  for (std::uint64_t i = 0; i < survivors; ++i)
    publishers.emplace_back([&, i](const Parent&) { survive_publishing(name.name(), i, *shared); });

  std::mt19937 random{Catch::rngSeed()};
  for (unsigned victim = 0; victim < 250 / test::slowness; ++victim) {
    const unsigned kind = static_cast<unsigned>(random()), other = static_cast<unsigned>(random());
    ForkedProcess one{[&](const Parent&) { live_until_killed(name.name(), kind); }};
    ForkedProcess two{[&](const Parent&) { live_until_killed(name.name(), other); }};
    std::this_thread::sleep_for(std::chrono::microseconds{random() % 8'000});
    one.kill();
    std::this_thread::sleep_for(std::chrono::microseconds{random() % 3'000});
    two.kill();
  }
  std::array<std::uint64_t, survivors> before{};
  for (std::size_t i = 0; i < survivors; ++i) before[i] = shared->published[i];
  test::wait_until("survivors to go on", [&] {
    for (std::size_t i = 0; i < survivors; ++i) {
      if (shared->published[i] < before[i] + 100) return false;
    }
    return true;
  });
  shared->enough = true;
  for (ForkedProcess& publisher : publishers) CHECK(publisher.wait() == test::End{});
  std::array<std::uint64_t, 4> end{};
  fill(end, the_end, 1);
  REQUIRE(bus.publisher("t", small).publish(std::as_bytes(std::span{end})));
  for (ForkedProcess& reader : readers) CHECK(reader.wait() == test::End{});

  bus.reap();
  const auto snapshot = shmbus::Inspector(name.name()).snapshot();
  REQUIRE(snapshot.nodes.size() == 1);
  CHECK(snapshot.nodes[0].id == bus.node());
  REQUIRE(snapshot.topics.size() == 1);
  CHECK(snapshot.topics[0].publishers.empty());
  CHECK(snapshot.topics[0].subscribers.empty());
  CHECK(snapshot.subscriptions.empty());
  const auto again = bus.reap();
  CHECK(again.nodes + again.publishers + again.subscribers + again.subscriptions + again.segments == 0);

  shmbus::Subscriber subscriber = bus.subscriber("t", {.delivery = Delivery::reliable});
  shmbus::Publisher publisher = bus.publisher("t");
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(publisher.publish("all is well"));
    REQUIRE(subscriber.poll([](const Event& event) { CHECK(event.text() == "all is well"); }) == 1);
  }
}

TEST_CASE("a bus whose only members were killed again and again works like a new one", "[recovery]") {
  const test::TemporaryBus name;
  std::mt19937 random{Catch::rngSeed()};
  std::uint64_t last = 0;
  for (unsigned round = 0; round < 100 / test::slowness; ++round) {
    std::vector<ForkedProcess> victims;
    for (unsigned i = 0; i < 3; ++i) {
      const unsigned kind = static_cast<unsigned>(random());
      victims.emplace_back([&name, kind](const Parent&) { live_until_killed(name.name(), kind); });
    }
    std::this_thread::sleep_for(std::chrono::microseconds{random() % 5'000});
    for (ForkedProcess& victim : victims) victim.kill();
    shmbus::Bus bus = shmbus::Bus::open(name.name());
    shmbus::Publisher publisher = bus.publisher("t", small);
    const auto result = SelfChecking::publish(publisher, 0xff, 3);
    REQUIRE(result.status() == Status::ok);
    CHECK(result.sequence() > last);
    last = result.sequence();
    shmbus::Subscriber subscriber = bus.subscriber("t", {.start = Start::oldest()});
    std::uint64_t seen = 0;
    const test::Deadline deadline;
    while (seen != last) {
      subscriber.poll([&](const Event& event) {
        CHECK(SelfChecking::whole(event.payload()));
        CHECK(event.sequence() > seen);
        seen = event.sequence();
      });
      deadline.check("the last event");
    }
  }
}

TEST_CASE("a process killed while it creates topics leaves no topic that others can't use", "[recovery]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Subscriber subscriber = bus.subscriber(">", {.delivery = Delivery::reliable});
  std::mt19937 random{Catch::rngSeed()};
  for (unsigned round = 0; round < 200 / test::slowness; ++round) {
    const std::string prefix = "r" + std::to_string(round) + ".";
    ForkedProcess victim{[&](const Parent& parent) {
      shmbus::Bus member = shmbus::Bus::open(name.name());
      parent.say();
      for (unsigned i = 0;; ++i) member.topic(prefix + std::to_string(i), small);
    }};
    victim.hear();
    std::this_thread::sleep_for(std::chrono::microseconds{random() % 1'000});
    victim.kill();
    // Others can publish to the topic that it was creating and to the next ones, and the standing subscription sees the first
    // event of each.
    const std::size_t made = subscriber.topics();
    unsigned i = 0;
    while (bus.find_topic(prefix + std::to_string(i))) ++i;
    for (unsigned t = i > 2 ? i - 2 : 0; t < i + 2; ++t) {
      const std::string topic = prefix + std::to_string(t);
      REQUIRE(bus.publisher(topic, small).publish("x").sequence() == 1);
      unsigned found = 0;
      while (subscriber.poll([&](const Event& event) { found += event.topic() == topic; }) != 0) {
      }
      CHECK(found == 1);
    }
    CHECK(subscriber.topics() >= made);
    bus.reap();
    for (unsigned t = 0; t < i + 2; ++t) CHECK(bus.remove_topic(prefix + std::to_string(t)));
    subscriber.poll([](const Event&) {});
  }
  CHECK(subscriber.lost() == 0);
  CHECK(bus.reap().segments == 0);
  CHECK(shmbus::Inspector(name.name()).snapshot().topics.empty());
}

TEST_CASE("reap reports what a dead node held once", "[recovery]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  ForkedProcess victim{[&](const Parent& parent) {
    shmbus::Bus member = shmbus::Bus::open(name.name());
    shmbus::Publisher publisher = member.publisher("t");
    shmbus::Subscriber one = member.subscriber("t"), two = member.subscriber("*");
    parent.say();
    parent.hear();
  }};
  victim.hear();
  CHECK(bus.reap().nodes == 0);
  victim.kill();
  const auto report = bus.reap();
  CHECK(report.nodes == 1);
  CHECK(report.publishers == 1);
  CHECK(report.subscribers == 2);
  CHECK(report.subscriptions == 2);
  CHECK(report.segments == 0);
}
