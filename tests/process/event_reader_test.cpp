// Reading events without a port, while publishers are stopped, ports are taken, or the ring turns at full speed.

#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <vector>

#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/numbered_event.hpp"
#include "support/privileges.hpp"
#include "support/temporary_bus.hpp"
#include "support/time_limits.hpp"

using shmbus::EventReader;
using shmbus::EventSnapshot;
using shmbus::Inspector;
using shmbus::Start;
using test::ForkedProcess;
using test::Parent;
using test::SelfChecking;

namespace {

std::vector<std::uint64_t> sequences(EventReader& reader) {
  std::vector<std::uint64_t> found;
  while (const EventSnapshot* event = reader.next()) found.push_back(event->sequence);
  return found;
}

/// Reads up to `last`, and checks each event; returns how many it read.
std::uint64_t read_checked(EventReader& reader, std::uint64_t last) {
  const test::Deadline deadline;
  std::uint64_t read = 0, newest = 0;
  while (newest < last) {
    deadline.check("the last event");
    const EventSnapshot* event = reader.next();
    if (event == nullptr) {
      // The last ones may have left the ring, if not the very last one.
      if (read + reader.lost() >= last) break;
      continue;
    }
    ++read;
    test::require(SelfChecking::whole(event->payload), "an event is torn");
    test::require(SelfChecking::number(event->payload) == event->sequence, "an event has another's number");
    test::require(event->payload.size() == event->size, "an event has another size");
    test::require(event->sequence > newest, "an event is out of order");
    newest = event->sequence;
    test::require(read + reader.lost() == newest, "losses are not counted exactly");
  }
  return read;
}

}  // namespace

TEST_CASE("a topic whose 64 subscriber ports are taken is read, and gets no port", "[event_reader]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("some.topic");
  std::vector<shmbus::Subscriber> subscribers;
  for (int i = 0; i < 64; ++i) subscribers.push_back(bus.subscriber("some.topic"));
  CHECK_THROWS_AS(bus.subscriber("some.topic"), shmbus::Error);
  publisher.publish("one");
  publisher.publish("two");
  ForkedProcess onlooker{[&](const Parent&) {
    EventReader reader = Inspector{name.name()}.read("some.topic", Start::oldest());
    test::require(sequences(reader) == std::vector<std::uint64_t>{1, 2}, "it did not read the events");
    test::require(reader.problems().empty(), "it has a problem");
  }};
  CHECK(onlooker.wait() == test::End{});
  CHECK(Inspector{name.name()}.snapshot().nodes.size() == 1);
}

TEST_CASE("a topic is read whose publishers are all stopped, up to what one of them has claimed", "[event_reader]") {
  const test::TemporaryBus name;
  shmbus::Bus::open(name.name()).topic("some.topic");
  const auto publish = [&](bool with_loan) {
    return ForkedProcess{[&name, with_loan](const Parent& parent) {
      shmbus::Bus bus = shmbus::Bus::open(name.name());
      shmbus::Publisher publisher = bus.publisher("some.topic"), other = bus.publisher("some.topic");
      publisher.publish("before");
      auto loan = with_loan ? std::optional(other.loan(100)) : std::nullopt;
      publisher.publish("behind");
      parent.say();
      parent.hear();
    }};
  };
  ForkedProcess first = publish(false);
  first.hear();
  first.stop();
  EventReader reader = Inspector{name.name()}.read("some.topic", Start::oldest());
  CHECK(sequences(reader) == std::vector<std::uint64_t>{1, 2});
  CHECK(reader.problems().empty());
  ForkedProcess second = publish(true);
  second.hear();
  second.stop();
  CHECK(sequences(reader) == std::vector<std::uint64_t>{3});
  REQUIRE(reader.problems().size() == 1);
  CHECK(reader.problems()[0].code == shmbus::ErrorCode::busy);
  CHECK_THAT(reader.problems()[0].reason, Catch::Contains("event 4"));
  // It stays so when the publisher dies, until a process that may write repairs it.
  second.kill();
  CHECK(sequences(reader).empty());
  CHECK(reader.problems().size() == 1);
  shmbus::Bus::open(name.name()).reap();
  CHECK(sequences(reader) == std::vector<std::uint64_t>{5});
  CHECK(reader.problems().empty());
  CHECK(reader.lost() == 0);
  first.kill();
}

TEST_CASE("no event is torn, and each loss is counted, while the ring turns at full speed", "[event_reader]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  struct Ring {
    std::size_t block_size, blocks;
  };
  const auto ring = GENERATE(Ring{4096, 2}, Ring{4096, 16}, Ring{std::size_t{64} << 10, 4});
  const auto writers = GENERATE(shmbus::Writers::shared, shmbus::Writers::exclusive);
  shmbus::Publisher publisher =
      bus.publisher("some.topic", {.block_size = ring.block_size, .blocks = ring.blocks, .writers = writers});
  constexpr std::uint64_t last = 200'000 / test::slowness;
  ForkedProcess onlooker([&name](const Parent& parent) {
    EventReader reader = Inspector{name.name()}.read("some.topic", Start::oldest());
    parent.say();
    test::require(read_checked(reader, last) != 0, "it read nothing");
  });
  onlooker.hear();
  for (std::uint64_t n = 1; n <= last; ++n) REQUIRE(SelfChecking::publish(publisher, n, 1 + n % 40));
  CHECK(onlooker.wait() == test::End{});
}

TEST_CASE("no event is torn of several publishers that race", "[event_reader]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  bus.topic("some.topic", {.block_size = 4096, .blocks = 8});
  constexpr std::uint64_t each = 100'000 / test::slowness;
  std::vector<ForkedProcess> publishers;
  EventReader reader = Inspector{name.name()}.read("some.topic", Start::oldest());
  for (std::uint64_t p = 0; p < 3; ++p) {
    publishers.emplace_back([&name, p](const Parent&) {
      shmbus::Bus own = shmbus::Bus::open(name.name());
      shmbus::Publisher publisher = own.publisher("some.topic");
      for (std::uint64_t n = 1; n <= each; ++n)
        test::require(bool{SelfChecking::publish(publisher, p << 32 | n, 1 + n % 30)}, "publish");
    });
  }
  const test::Deadline deadline;
  std::uint64_t read = 0, newest = 0;
  while (read + reader.lost() < 3 * each) {
    deadline.check("all events");
    const EventSnapshot* event = reader.next();
    if (event == nullptr) continue;
    ++read;
    REQUIRE(SelfChecking::whole(event->payload));
    REQUIRE(event->sequence > newest);
    newest = event->sequence;
  }
  CHECK(read != 0);
  CHECK(newest == 3 * each);
  CHECK(reader.problems().empty());
  for (ForkedProcess& publisher : publishers) CHECK(publisher.wait() == test::End{});
}

TEST_CASE("a user that may not read a topic's log learns that, and reads the other topics", "[event_reader]") {
  if (!test::have_root()) return;
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.mode = 0666});
  bus.publisher("t.closed").publish("secret");
  bus.publisher("t.open", {.mode = 0644}).publish("open");
  ForkedProcess other{[&](const Parent&) {
    test::become(test::User{});
    Inspector inspector{name.name(), {0}};
    EventReader reader = inspector.read("t.*", Start::oldest());
    const EventSnapshot* event = reader.next();
    test::require(event != nullptr && event->topic == "t.open" && reader.next() == nullptr, "it read something else");
    const auto problems = reader.problems();
    test::require(problems.size() == 1 && problems[0].topic == "t.closed" &&
                      problems[0].code == shmbus::ErrorCode::permission && !problems[0].reason.empty(),
                  "it does not say why");
    try {
      EventReader closed = inspector.read("t.closed", Start::oldest());
      test::require(false, "it read a closed topic");
    } catch (const shmbus::Error& error) {
      test::require(error.code() == shmbus::ErrorCode::permission, error.what());
    }
  }};
  CHECK(other.wait() == test::End{});
}
