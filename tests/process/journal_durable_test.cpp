// Who waits until an event is on disk, and subscribers that see events only then.

#include <poll.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "journal_fixture.hpp"
#include "support/shared_value.hpp"

using namespace std::chrono_literals;
using shmbus::Event;
using shmbus::Journal;
using shmbus::Record;
using shmbus::See;
using shmbus::Start;
using shmbus::Status;
using test::ForkedProcess;
using test::JournaledBus;
using test::Parent;

namespace {

shmbus::TopicOptions small(Journal journal) {
  return {.block_size = 4096, .blocks = 4, .journal = journal, .segment_file = 1 << 20};
}

}  // namespace

TEST_CASE("threads and processes that wait for durable events all go on", "[journal]") {
  const JournaledBus home(GENERATE(JournaledBus::On::memory, JournaledBus::On::disk));
  const auto journal = GENERATE(Journal::page_cache(), Journal::interval(3ms), Journal::batch());
  constexpr std::uint64_t processes = 3, threads = 4, rounds = 60 / test::slowness;
  std::vector<ForkedProcess> members;
  for (std::uint64_t i = 0; i < processes; ++i) {
    members.emplace_back([&, i](const Parent& parent) {
      shmbus::Bus bus = home.open(i == 0 ? Record::own : Record::none);
      bus.topic("t", small(journal));
      parent.say();
      parent.hear();
      std::vector<std::thread> all;
      std::atomic<std::uint64_t> problems{0};
      for (std::uint64_t t = 0; t < threads; ++t) {
        all.emplace_back([&, t] {
          shmbus::Publisher publisher = bus.publisher("t");
          for (std::uint64_t n = 1; n <= rounds; ++n) {
            const auto result = test::publish_numbered(publisher, i * threads + t, n);
            const Status status = publisher.wait_durable(result.sequence(), test::patience);
            if (status != Status::ok || !publisher.durable(result.sequence())) ++problems;
            if (publisher.journal().durable < result.sequence()) ++problems;
          }
        });
      }
      for (std::thread& thread : all) thread.join();
      test::require(problems == 0, "a wait that failed");
      parent.hear();
    });
    members.back().hear();
  }
  for (const ForkedProcess& member : members) member.say();
  shmbus::Bus bus = home.open(Record::none);
  shmbus::Subscriber subscriber = bus.subscriber("t", {.start = Start::oldest(), .see = See::durable});
  test::NumberedReading reading;
  test::poll_until(subscriber, "all events", std::ref(reading),
                   [&] { return reading.events() == processes * threads * rounds; });
  CHECK(subscriber.lost() == 0);
  for (const ForkedProcess& member : members) member.say();
  for (ForkedProcess& member : members) CHECK(member.wait() == test::End{});
}

TEST_CASE("a durable wait ends by its time-out, by an interrupt, and by the end of topic or bus", "[journal]") {
  const JournaledBus home;
  shmbus::Bus bus = home.open(Record::none);  // nothing is ever durable
  std::optional<shmbus::Bus> other = home.open(Record::none);
  shmbus::Publisher publisher = other->publisher("t", small(Journal::batch()));
  const std::uint64_t sequence = publisher.publish("x").sequence();
  const auto began = std::chrono::steady_clock::now();
  CHECK(publisher.wait_durable(sequence, 0ms) == Status::timed_out);
  CHECK(publisher.wait_durable(sequence, 50ms) == Status::timed_out);
  CHECK(std::chrono::steady_clock::now() - began >= 50ms);
  CHECK(publisher.wait_durable(sequence + 10, 10ms) == Status::timed_out);
  std::atomic<int> result{-1};
  std::thread waiter([&] { result = static_cast<int>(publisher.wait_durable(sequence)); });
  std::this_thread::sleep_for(20ms);
  SECTION("interrupt") { other->interrupt(); }
  SECTION("the topic's end") { CHECK(bus.remove_topic("t")); }
  SECTION("the bus's end") { CHECK(shmbus::Bus::remove(home.name())); }
  test::wait_until("the wait to end", [&] { return result >= 0; });
  waiter.join();
  // Where a topic or bus ends, what its ring holds is recorded before.
  const auto status = static_cast<Status>(result.load());
  CHECK((status == Status::closed || (!other->interrupted() && status == Status::ok)));
}

TEST_CASE("an interrupt ends a durable wait at once, however long the bus's stall limit is", "[journal]") {
  const JournaledBus home;
  shmbus::BusOptions options = home.options(Record::none);
  options.stall_limit = 1h;
  shmbus::Bus bus = shmbus::Bus::open(home.name(), options);
  shmbus::Publisher publisher = bus.publisher("t", small(Journal::batch()));
  const std::uint64_t sequence = publisher.publish("x").sequence();
  std::atomic<int> result{-1};
  std::thread waiter([&] { result = static_cast<int>(publisher.wait_durable(sequence)); });
  std::this_thread::sleep_for(20ms);
  SECTION("interrupt") { bus.interrupt(); }
  SECTION("the topic's end") { CHECK(bus.remove_topic("t")); }
  SECTION("the bus's end") { CHECK(shmbus::Bus::remove(home.name())); }
  test::wait_until("the wait to end", [&] { return result >= 0; });
  waiter.join();
}

TEST_CASE("a topic without a journal has no durable events", "[journal]") {
  const JournaledBus home;
  shmbus::Bus bus = home.open();
  shmbus::Publisher publisher = bus.publisher("t");
  const std::uint64_t sequence = publisher.publish("x").sequence();
  CHECK_FALSE(publisher.durable(sequence));
  CHECK(publisher.wait_durable(sequence, 1h) == Status::not_recorded);
  CHECK(publisher.journal().recorded == 0);
  CHECK(publisher.journal().durable == 0);
  // To a subscriber of durable events, such a topic shows each event at once.
  shmbus::Subscriber subscriber = bus.subscriber("t", {.start = Start::oldest(), .see = See::durable});
  CHECK(subscriber.poll([](const Event&) {}) == 1);
}

TEST_CASE("a subscriber of durable events sees none that is not", "[journal]") {
  const JournaledBus home;
  const bool by_descriptor = GENERATE(false, true);
  const auto period = GENERATE(1ms, 40ms);
  const bool small_ring = GENERATE(true, false);
  CAPTURE(by_descriptor, small_ring);
  ForkedProcess author{[&](const Parent& parent) {
    shmbus::Bus bus = home.open();
    auto options = small(Journal::interval(period));
    if (!small_ring) options.blocks = 256;
    shmbus::Publisher publisher = bus.publisher("t", options);
    parent.say();
    parent.hear();
    for (std::uint64_t n = 1; n <= 3000; ++n) {
      test::require(test::publish_numbered(publisher, 1, n).status() == Status::ok, "not published");
      if (n % 30 == 0) std::this_thread::sleep_for(1ms);
    }
    parent.hear();
  }};
  author.hear();
  shmbus::Bus bus = home.open(Record::none);
  shmbus::Publisher asks = bus.publisher("t");
  shmbus::Subscriber durable = bus.subscriber("t", {.see = See::durable}), at_once = bus.subscriber("t");
  author.say();
  test::NumberedReading reading, early;
  std::uint64_t ahead = 0, not_durable = 0;
  const auto read = [&](const Event& event) {
    not_durable += asks.journal().durable < event.sequence();
    reading(event);
  };
  const test::Deadline deadline;
  while (reading.events() < 3000) {
    if (durable.poll(read) == 0) {
      if (by_descriptor) {
        pollfd ready{.fd = durable.fd(), .events = POLLIN, .revents = 0};
        ::poll(&ready, 1, 50);
      } else {
        durable.wait(50ms);
      }
    }
    at_once.poll(std::ref(early));
    ahead += early.events() > reading.events();
    deadline.check("all events");
  }
  CHECK(not_durable == 0);
  CHECK(ahead > 0);
  CHECK(durable.lost() == 0);
  CHECK(durable.delivered() == 3000);
  CHECK(durable.status() == Status::ok);
  author.say();
  CHECK(author.wait() == test::End{});
}

TEST_CASE("subscribers of durable events miss none while recorders are killed", "[journal]") {
  const JournaledBus home;
  shmbus::Bus bus = home.open(Record::none);
  bus.topic("t", small(Journal::batch()));
  const test::SharedValue<std::atomic<bool>> enough;
  std::vector<ForkedProcess> recorders;
  const auto recorder = [&] {
    recorders.emplace_back([&](const Parent& parent) {
      shmbus::Bus member = home.open();
      member.topic("t");
      parent.say();
      parent.hear();
    });
    recorders.back().hear();
  };
  recorder();
  ForkedProcess author{[&](const Parent& parent) {
    shmbus::Bus member = home.open(Record::none);
    shmbus::Publisher publisher = member.publisher("t");
    std::uint64_t n = 0;
    while (!*enough) {
      const auto result = test::publish_numbered(publisher, 1, ++n);
      test::require(result.status() == Status::ok, "not published");
      if (n % 10 == 0)
        test::require(publisher.wait_durable(result.sequence(), test::patience) == Status::ok, "not durable");
    }
    parent.say(n);
  }};
  shmbus::Subscriber durable = bus.subscriber("t", {.start = Start::oldest(), .see = See::durable});
  test::NumberedReading reading;
  for (unsigned round = 0; round < 40 / test::slowness; ++round) {
    recorder();
    const std::uint64_t before = reading.events();
    test::poll_until(durable, "more events", std::ref(reading), [&] { return reading.events() > before + 20; });
    recorders[recorders.size() - 2].kill();
  }
  *enough = true;
  const std::uint64_t published = author.hear();
  test::poll_until(durable, "all events", std::ref(reading), [&] { return reading.events() >= published; });
  CHECK(reading.events() == published);
  CHECK(reading.gaps(1) == 0);
  CHECK(durable.lost() == 0);
  CHECK(author.wait() == test::End{});
}

TEST_CASE("what came last from the journal is acknowledged before anything else is published", "[journal][durable]") {
  const JournaledBus home;
  shmbus::Bus bus = home.open();
  shmbus::Publisher publisher = bus.publisher("t", {.blocks = 4, .journal = Journal::page_cache()});
  for (int i = 0; i < 3; ++i) REQUIRE(publisher.publish("x"));
  REQUIRE(publisher.wait_durable(3, test::patience) == Status::ok);
  const auto acknowledged = [&](const std::string& name) {
    for (const auto& durable : shmbus::Inspector(home.name()).durables()) {
      if (durable.name == name) return durable.topics.at(0).acknowledged;
    }
    throw std::runtime_error("no durable name " + name);
  };
  std::uint64_t last = 0;
  shmbus::Subscriber by_poll = bus.subscriber("t", {.start = Start::oldest(), .durable = "by-poll"});
  test::poll_until(
      by_poll, "the events", [&](const Event& event) { last = event.sequence(); }, [&] { return last == 3; });
  CHECK(by_poll.poll([](const Event&) {}) == 0);
  CHECK(acknowledged("by-poll") == 3);

  std::optional<shmbus::RetainedEvent> kept;
  shmbus::Subscriber by_hand =
      bus.subscriber("t", {.start = Start::oldest(), .durable = "by-hand", .acknowledge = shmbus::Acknowledge::manual});
  test::poll_until(
      by_hand, "the events", [&](const Event& event) { kept = event.retain(); },
      [&] { return kept && (*kept)->sequence() == 3; });
  CHECK(by_hand.poll([](const Event&) {}) == 0);
  CHECK(by_hand.acknowledge(**kept));
  CHECK(acknowledged("by-hand") == 3);
}

TEST_CASE("how far a durable name is behind does not count the numbers that no event has", "[journal][durable]") {
  const JournaledBus home;
  const shmbus::SubscriberOptions billing{
      .start = Start::oldest(), .durable = "billing", .acknowledge = shmbus::Acknowledge::manual};
  ForkedProcess life([&](const Parent& parent) {
    shmbus::Bus bus = home.open();
    shmbus::Publisher publisher = bus.publisher("t", small(Journal::batch()));
    shmbus::Subscriber subscriber = bus.subscriber("t", billing);
    for (int i = 0; i < 10; ++i) test::require(bool(publisher.publish("x")), "not published");
    test::require(publisher.wait_durable(10, test::patience) == Status::ok, "not durable");
    std::uint64_t seen = 0;
    test::poll_until(
        subscriber, "ten events",
        [&](const Event& event) {
          seen = event.sequence();
          if (seen == 4) test::require(subscriber.acknowledge(event), "not acknowledged");
        },
        [&] { return seen == 10; });
    parent.say();
    parent.hear();
  });
  life.hear();
  life.kill();
  home.reboot();
  shmbus::Bus bus = home.open();
  shmbus::Publisher publisher = bus.publisher("t");
  shmbus::Subscriber subscriber = bus.subscriber("t", billing);
  std::uint64_t last = 0;
  for (int i = 0; i < 5; ++i) last = publisher.publish("x").sequence();
  CHECK(last > 1000);
  REQUIRE(publisher.wait_durable(last, test::patience) == Status::ok);
  const auto durables = shmbus::Inspector(home.name()).durables();
  REQUIRE(durables.size() == 1);
  CHECK(durables[0].behind == 11);
}
