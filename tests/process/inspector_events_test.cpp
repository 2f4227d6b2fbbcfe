// The last events of a topic, read by an inspector: without a port, and without disturbing any member.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/numbered_event.hpp"
#include "support/time_limits.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using shmbus::EventSnapshot;
using shmbus::Inspector;
using test::ForkedProcess;
using test::Parent;
using test::SelfChecking;

namespace {

std::string text_of(const EventSnapshot& event) {
  return {reinterpret_cast<const char*>(event.payload.data()), event.payload.size()};
}

std::vector<std::string> texts_of(const std::vector<EventSnapshot>& events) {
  std::vector<std::string> texts;
  for (const EventSnapshot& event : events) texts.push_back(text_of(event));
  return texts;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("an inspector reads the last events, oldest first, without a port", "[inspector]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::TopicOptions options{.block_size = 4096, .blocks = 4};
  options.timestamps = GENERATE(true, false);
  options.writers = GENERATE(shmbus::Writers::shared, shmbus::Writers::exclusive);
  shmbus::Publisher publisher = bus.publisher("some.topic", options);
  Inspector inspector{name.name()};
  CHECK(inspector.events("some.topic", 3).empty());
  CHECK(inspector.events("no.such", 3).empty());
  publisher.publish("one");
  publisher.publish("two");
  CHECK(texts_of(inspector.events("some.topic", 3)) == Texts{"one", "two"});
  publisher.publish("three");
  publisher.publish("");
  const auto events = inspector.events("some.topic", 3);
  CHECK(texts_of(events) == Texts{"two", "three", ""});
  REQUIRE(events.size() == 3);
  CHECK(events[0].sequence == 2);
  CHECK(events[2].sequence == 4);
  CHECK(events[0].publisher == 0);
  CHECK(events[1].size == 5);
  if (options.timestamps)
    CHECK(std::chrono::abs(std::chrono::system_clock::now() - events[0].time) < 60s);
  else
    CHECK(events[0].time == shmbus::Time{});
  CHECK(inspector.events("some.topic", 0).empty());
  CHECK(inspector.snapshot().topics.at(0).subscribers.empty());
}

TEST_CASE("the last events may lie in several blocks, and events that left the ring are not among them",
          "[inspector]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("some.topic", {.block_size = 4096, .blocks = 4});
  Inspector inspector{name.name()};
  const std::string filling(1000, 'x');  // three fill a block
  for (unsigned i = 1; i <= 100; ++i) {
    publisher.publish(std::to_string(i) + filling);
    const auto events = inspector.events("some.topic", 7, 20);
    const std::uint64_t oldest = inspector.snapshot().topics.at(0).oldest;
    REQUIRE(events.size() == std::min<std::uint64_t>(7, i + 1 - oldest));
    for (std::size_t k = 0; k < events.size(); ++k) {
      CHECK(events[k].sequence == i + 1 + k - events.size());
      CHECK(text_of(events[k]) == (std::to_string(events[k].sequence) + filling).substr(0, 20));
      CHECK(events[k].size == std::to_string(events[k].sequence).size() + 1000);
    }
  }
}

TEST_CASE("aborted loans are skipped, trimmed loans have their own length, and reading ends at an open claim",
          "[inspector]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("some.topic");
  Inspector inspector{name.name()};
  publisher.publish("first");
  publisher.loan(100).abort();
  {
    auto loan = publisher.loan(100);
    std::memcpy(loan.payload().data(), "trimmed", 7);
    loan.commit(7);
  }
  publisher.publish("extended", {.trace = shmbus::TraceContext{}, .headers = {{"name", "value"}}, .key = "key"});
  CHECK(texts_of(inspector.events("some.topic", 10)) == Texts{"first", "trimmed", "extended"});
  shmbus::Publisher other = bus.publisher("some.topic");
  auto open = other.loan(100);
  publisher.publish("behind it");
  const auto events = inspector.events("some.topic", 10);
  CHECK(texts_of(events) == Texts{"first", "trimmed", "extended"});
  CHECK(events.at(2).sequence == 4);
  open.abort();
  CHECK(texts_of(inspector.events("some.topic", 1)) == Texts{"behind it"});
}

TEST_CASE("in large blocks an inspector goes on from where it stopped until it has the last events", "[inspector]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher(
      "some.topic", {.block_size = std::size_t{16} << 20, .blocks = 2, .writers = shmbus::Writers::exclusive});
  constexpr std::uint64_t all = 400'000;  // 12 MB
  for (std::uint64_t i = 1; i <= all; ++i) publisher.publish(std::as_bytes(std::span{&i, 1}));
  Inspector inspector{name.name()};
  std::uint64_t newest = 0;
  for (int calls = 0; newest != all && calls < 20; ++calls) {
    const auto events = inspector.events("some.topic", 5);
    REQUIRE(events.size() == 5);
    CHECK(events.back().sequence > newest);
    newest = events.back().sequence;
    for (const EventSnapshot& event : events) CHECK(std::memcmp(event.payload.data(), &event.sequence, 8) == 0);
  }
  CHECK(newest == all);
}

TEST_CASE("an event that is read while publishers overwrite the ring is never torn", "[inspector]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("some.topic", {.block_size = 4096, .blocks = 2});
  ForkedProcess onlooker([&name](const Parent& parent) {
    Inspector inspector{name.name()};
    parent.say();
    std::uint64_t seen = 0;
    for (bool last = false; !last;) {
      for (const EventSnapshot& event : inspector.events("some.topic", 20)) {
        ++seen;
        test::require(SelfChecking::whole(event.payload), "an event is torn");
        test::require(SelfChecking::number(event.payload) == event.sequence, "an event has another's number");
        last = last || event.sequence == 200'000 / test::slowness;
      }
    }
    test::require(seen != 0, "it saw nothing");
  });
  onlooker.hear();
  for (std::uint64_t n = 1; n <= 200'000 / test::slowness; ++n)
    REQUIRE(SelfChecking::publish(publisher, n, 1 + n % 40));
  CHECK(onlooker.wait() == test::End{});
}
