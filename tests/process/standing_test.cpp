// Subscriptions stand in the registry: publishers and subscribers may start in any order, and no event is missed.

#include <atomic>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <thread>
#include <vector>

#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/numbered_event.hpp"
#include "support/time_limits.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using shmbus::Event;
using shmbus::Start;
using test::ForkedProcess;
using test::Parent;

namespace {

/// Reads until `count` events came, and checks that each topic's begin with the first and have no gap. Returns how many each
/// topic had.
std::map<std::string, std::uint64_t> read_from_first(shmbus::Subscriber& subscriber, std::uint64_t count) {
  std::map<std::string, std::uint64_t> last;
  std::uint64_t seen = 0;
  const test::Deadline deadline;
  while (seen < count) {
    const std::size_t polled = subscriber.poll([&](const Event& event) {
      const std::uint64_t expected = ++last[std::string{event.topic()}];
      test::require(event.sequence() == expected, "topic " + std::string{event.topic()} + ": expected sequence " +
                                                      std::to_string(expected) + ", found " +
                                                      std::to_string(event.sequence()));
    });
    seen += polled;
    if (polled == 0) subscriber.wait(100ms);
    deadline.check("events: " + std::to_string(seen) + " of " + std::to_string(count));
  }
  return last;
}

}  // namespace

TEST_CASE("a subscriber that starts first misses nothing, however fast the first publisher starts", "[standing]") {
  const test::TemporaryBus bus;
  shmbus::Bus here = shmbus::Bus::open(bus.name());
  const std::string pattern = GENERATE("video.started", "video.*", "video.>", "*.started", ">");
  const auto delivery = GENERATE(shmbus::Delivery::lossy, shmbus::Delivery::reliable);
  shmbus::Subscriber subscriber = here.subscriber(pattern, {.start = Start::latest(), .delivery = delivery});
  ForkedProcess publisher{[&](const Parent&) {
    shmbus::Bus member = shmbus::Bus::open(bus.name());
    shmbus::Publisher p = member.publisher("video.started");
    for (int i = 0; i < 1000; ++i) test::require(bool{p.publish("hello")}, "publish");
  }};
  CHECK(publisher.wait() == test::End{});
  CHECK(read_from_first(subscriber, 1000).at("video.started") == 1000);
  CHECK(subscriber.lost() == 0);
}

TEST_CASE("a pattern attaches matching topics and no others", "[standing]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  std::map<std::string, shmbus::Subscriber> subscribers;
  for (const char* pattern : {"a.b", "a.*", "*.b", "a.>", "a.*.c", ">", "*", "b.>"})
    subscribers.emplace(pattern, bus.subscriber(pattern));
  for (const char* topic : {"a", "a.b", "a.c", "a.b.c", "b.b"}) bus.publisher(topic).publish(topic);
  const auto seen = [&](const char* pattern) {
    std::string all;
    while (subscribers.at(pattern).poll([&](const Event& e) { all += std::string{e.text()} + " "; }) != 0) {
    }
    return all;
  };
  CHECK(seen("a.b") == "a.b ");
  CHECK(seen("a.*") == "a.b a.c ");
  CHECK(seen("*.b") == "a.b b.b ");
  CHECK(seen("a.>") == "a.b a.c a.b.c ");
  CHECK(seen("a.*.c") == "a.b.c ");
  CHECK(seen(">") == "a a.b a.c a.b.c b.b ");
  CHECK(seen("*") == "a ");
  CHECK(seen("b.>") == "b.b ");
}

TEST_CASE("no event is missed while eight processes create the same topics at one time and subscribers start",
          "[standing]") {
  constexpr std::size_t creators = 8, late = 4, topics = 12, each = 20;
  constexpr std::uint64_t all = creators * topics * each;
  std::mt19937 random{Catch::rngSeed()};
  for (unsigned round = 0; round < 30 / test::slowness; ++round) {
    CAPTURE(round);
    const test::TemporaryBus bus;
    std::vector<ForkedProcess> readers, publishers;
    // Two subscribers are there before any topic is created, the others start somewhere in the middle of it.
    const auto reader = [&](Start start, unsigned delay) {
      return [&bus, start, delay](const Parent& parent) {
        std::this_thread::sleep_for(std::chrono::microseconds{delay});
        shmbus::Bus member = shmbus::Bus::open(bus.name());
        shmbus::Subscriber subscriber = member.subscriber("topic.*", {.start = start});
        parent.say();
        const auto last = read_from_first(subscriber, all);
        test::require(last.size() == topics, "topics are missing");
        for (const auto& [topic, count] : last) test::require(count == creators * each, topic + " is not complete");
        test::require(subscriber.lost() == 0, "lost events");
      };
    };
    readers.emplace_back(reader(Start::latest(), 0));
    readers.emplace_back(reader(Start::oldest(), 0));
    for (const ForkedProcess& r : readers) r.hear();
    for (std::size_t i = 0; i < creators; ++i) {
      const unsigned seed = static_cast<unsigned>(random());
      publishers.emplace_back([&bus, seed](const Parent&) {
        shmbus::Bus member = shmbus::Bus::open(bus.name());
        std::mt19937 own{seed};
        std::vector<std::size_t> order(topics);
        for (std::size_t t = 0; t < topics; ++t) order[t] = t;
        std::shuffle(order.begin(), order.end(), own);
        for (std::size_t t : order) {
          shmbus::Publisher p = member.publisher("topic." + std::to_string(t), {.block_size = 1 << 16});
          for (std::size_t n = 0; n < each; ++n) test::require(bool{p.publish("x")}, "publish");
        }
      });
      if (i < late) readers.emplace_back(reader(Start::oldest(), static_cast<unsigned>(random() % 10'000)));
    }
    for (ForkedProcess& publisher : publishers) REQUIRE(publisher.wait() == test::End{});
    for (ForkedProcess& r : readers) REQUIRE(r.wait() == test::End{});
    const auto snapshot = shmbus::Inspector(bus.name()).snapshot();
    CHECK(snapshot.topics.size() == topics);
    for (const auto& topic : snapshot.topics) CHECK(topic.subscribers.empty());
  }
}

TEST_CASE("a subscriber that starts during a topic's creation sees no gap after its first event", "[standing]") {
  std::mt19937 random{Catch::rngSeed()};
  for (unsigned round = 0; round < 100 / test::slowness; ++round) {
    const test::TemporaryBus bus;
    shmbus::Bus here = shmbus::Bus::open(bus.name());
    ForkedProcess publisher{[&](const Parent& parent) {
      shmbus::Bus member = shmbus::Bus::open(bus.name());
      parent.say();
      parent.hear();
      shmbus::Publisher p = member.publisher("race");
      for (int i = 0; i < 200; ++i) test::require(bool{p.publish("x")}, "publish");
    }};
    publisher.hear();
    publisher.say();
    std::this_thread::sleep_for(std::chrono::microseconds{random() % 400});
    shmbus::Subscriber subscriber = here.subscriber(">");
    CHECK(publisher.wait() == test::End{});
    std::uint64_t first = 0, last = 0, gaps = 0;
    while (subscriber.poll([&](const Event& e) {
      if (first == 0) first = e.sequence();
      gaps += last != 0 && e.sequence() != last + 1;
      last = e.sequence();
    }) != 0) {
    }
    CHECK(gaps == 0);
    CHECK((last == 200 || first == 0));  // or it started after the last event
    CHECK(subscriber.lost() == 0);
    CHECK(subscriber.topics() == 1);
  }
}

TEST_CASE("a bus outlives its last member, and a process that starts later finds the events", "[standing]") {
  const test::TemporaryBus bus;
  std::uint64_t incarnation = 0;
  ForkedProcess publisher{[&](const Parent& parent) {
    shmbus::Bus member = shmbus::Bus::open(bus.name());
    shmbus::Publisher p = member.publisher("t");
    for (int i = 0; i < 10; ++i) p.publish(std::to_string(i));
    parent.say(member.incarnation());
  }};
  incarnation = publisher.hear();
  CHECK(publisher.wait() == test::End{});
  shmbus::Bus late = shmbus::Bus::open(bus.name());
  CHECK(late.incarnation() == incarnation);
  shmbus::Subscriber subscriber = late.subscriber("t", {.start = Start::oldest()});
  std::string all;
  CHECK(subscriber.poll([&](const Event& e) { all += e.text(); }) == 10);
  CHECK(all == "0123456789");
}
