// Resuming after an event that was handled before: exactly there, or with an error that says why not.

#include <catch2/catch.hpp>
#include <vector>

#include "shmbus/shmbus.hpp"
#include "support/temporary_bus.hpp"

using shmbus::ErrorCode;
using shmbus::Event;
using shmbus::EventId;
using shmbus::Start;

namespace {

std::vector<std::uint64_t> sequences(shmbus::Subscriber& subscriber) {
  std::vector<std::uint64_t> seen;
  while (subscriber.poll([&](const Event& event) { seen.push_back(event.sequence()); }) != 0) {
  }
  return seen;
}

EventId nth(shmbus::Bus& bus, std::uint64_t n) {
  EventId id;
  bus.subscriber("t", {.start = Start::sequence(n)}).poll([&](const Event& event) { id = event.id(); }, 1);
  return id;
}

ErrorCode refusal_of(shmbus::Bus& bus, const char* pattern, const EventId& id) {
  try {
    bus.subscriber(pattern, {.start = Start::after(id)});
  } catch (const shmbus::Error& error) {
    return error.code();
  }
  return ErrorCode{-1};
}

}  // namespace

TEST_CASE("a subscriber resumes after the event it handled last", "[start]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t");
  for (int i = 0; i < 10; ++i) publisher.publish("x");
  shmbus::Subscriber middle = bus.subscriber("t", {.start = Start::after(nth(bus, 7))});
  CHECK(sequences(middle) == std::vector<std::uint64_t>{8, 9, 10});
  shmbus::Subscriber last = bus.subscriber("t", {.start = Start::after(nth(bus, 10))});
  CHECK(sequences(last).empty());
  publisher.publish("x");
  CHECK(sequences(last) == std::vector<std::uint64_t>{11});
  CHECK(middle.lost() + last.lost() == 0);
}

TEST_CASE("events that left the ring meanwhile count as lost", "[start]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t", {.block_size = 4096, .blocks = 4});
  publisher.publish("x");
  const EventId first = nth(bus, 1);
  for (int i = 0; i < 2000; ++i) publisher.publish("x");
  shmbus::Subscriber subscriber = bus.subscriber("t", {.start = Start::after(first)});
  const auto seen = sequences(subscriber);
  CHECK(subscriber.lost() > 0);
  CHECK(seen.size() + subscriber.lost() == 2000);
}

TEST_CASE("a position in a topic that was created anew is refused, whatever the sequences are", "[start]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  EventId before;
  {
    shmbus::Publisher publisher = bus.publisher("t");
    for (int i = 0; i < 10; ++i) publisher.publish("x");
    before = nth(bus, 5);
  }
  bus.remove_topic("t");
  CHECK(refusal_of(bus, "t", before) == ErrorCode::stale_position);  // there is no such topic
  shmbus::Publisher publisher = bus.publisher("t");
  for (const int events : {0, 20}) {
    for (int i = 0; i < events; ++i) publisher.publish("x");
    CHECK(refusal_of(bus, "t", before) == ErrorCode::stale_position);
  }
}

TEST_CASE("a position in an earlier bus, or beyond the end, or for many topics is refused", "[start]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t");
  publisher.publish("x");
  EventId id = nth(bus, 1);
  CHECK(refusal_of(bus, "*", id) == ErrorCode::invalid_option);
  id.sequence = 2;
  CHECK(refusal_of(bus, "t", id) == ErrorCode::stale_position);
  id.sequence = 1;
  ++id.bus;
  CHECK(refusal_of(bus, "t", id) == ErrorCode::stale_position);
}

TEST_CASE("the text of an event's id is read back, and other text is refused", "[start]") {
  const EventId id{.bus = 0x0123456789abcdef, .topic = 0xfedcba9876543210, .sequence = 42};
  CHECK(EventId::parse(id.to_string()) == id);
  for (const char* text : {"", "-", "1-2-3", "0123456789abcdef-fedcba9876543210-",
                           "0123456789abcdef-fedcba9876543210-4x", "0123456789abcdeg-fedcba9876543210-42",
                           "0123456789abcdef-fedcba9876543210--1", "0123456789abcdef_fedcba9876543210-42"})
    CHECK_FALSE(EventId::parse(text));
}
