// Reading events without a port: where it begins, in which order events come, what counts as lost, what is said of what
// can't be read.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "layout/topic.hpp"
#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/refusal.hpp"
#include "support/segments.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using shmbus::ErrorCode;
using shmbus::EventReader;
using shmbus::EventSnapshot;
using shmbus::Inspector;
using shmbus::Start;
using shmbus::TopicOptions;

namespace {

using Texts = std::vector<std::string>;
using Sequences = std::vector<std::uint64_t>;

constexpr TopicOptions small{.block_size = 4096, .blocks = 4};

std::string text_of(const EventSnapshot& event) {
  return {reinterpret_cast<const char*>(event.payload.data()), event.payload.size()};
}

Texts texts(EventReader& reader) {
  Texts found;
  while (const EventSnapshot* event = reader.next()) found.push_back(text_of(*event));
  return found;
}

Sequences sequences(EventReader& reader) {
  Sequences found;
  while (const EventSnapshot* event = reader.next()) found.push_back(event->sequence);
  return found;
}

Sequences from_to(std::uint64_t first, std::uint64_t last) {
  Sequences all;
  for (std::uint64_t n = first; n <= last; ++n) all.push_back(n);
  return all;
}

struct Fixture {
  test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  test::Segments segments{name.name()};
  Inspector inspector{name.name()};
};

/// Publishes numbered events of 1,000 bytes, of which three fit a block.
void publish(shmbus::Publisher& publisher, std::uint64_t first, std::uint64_t last) {
  for (std::uint64_t n = first; n <= last; ++n) REQUIRE(publisher.publish(std::to_string(n) + std::string(1000, ' ')));
}

}  // namespace

TEST_CASE("a reader copies all that an event has", "[event_reader]") {
  Fixture f;
  TopicOptions options = small;
  options.timestamps = GENERATE(true, false);
  options.writers = GENERATE(shmbus::Writers::shared, shmbus::Writers::exclusive);
  shmbus::Publisher publisher = f.bus.publisher("some.topic", options);
  const auto trace = shmbus::TraceContext::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  publisher.publish("payload", {.trace = trace, .headers = {{"a", "1"}, {"b", ""}, {"a", "2"}}, .key = "user-42"});
  publisher.publish("plain");
  EventReader reader = f.inspector.read("some.topic", Start::oldest());
  const EventSnapshot* event = reader.next();
  REQUIRE(event != nullptr);
  CHECK(event->topic == "some.topic");
  CHECK(event->id == shmbus::EventId{f.bus.incarnation(), publisher.topic().id, 1});
  CHECK(event->sequence == 1);
  CHECK((event->time != shmbus::Time{}) == options.timestamps);
  if (options.timestamps) CHECK(std::chrono::abs(std::chrono::system_clock::now() - event->time) < 60s);
  CHECK(event->size == 7);
  CHECK(text_of(*event) == "payload");
  REQUIRE(event->headers.size() == 3);
  CHECK(event->headers[0].name == "a");
  CHECK(event->headers[0].value == "1");
  CHECK(event->headers[1].value.empty());
  CHECK(event->headers[2].value == "2");
  CHECK(event->key == "user-42");
  CHECK(event->trace == trace);
  CHECK_FALSE(event->cause);
  event = reader.next();
  REQUIRE(event != nullptr);
  CHECK(text_of(*event) == "plain");
  CHECK(event->headers.empty());
  CHECK(event->key.empty());
  CHECK_FALSE(event->trace);
  CHECK(reader.next() == nullptr);
  CHECK(reader.problems().empty());
}

TEST_CASE("a reader begins where its start says", "[event_reader]") {
  Fixture f;
  shmbus::Publisher publisher = f.bus.publisher("some.topic", small);
  publish(publisher, 1, 100);
  const std::uint64_t oldest = f.inspector.snapshot().topics.at(0).oldest;
  const std::uint64_t id = publisher.topic().id;
  struct Case {
    Start start;
    std::uint64_t first, lost;
  };
  const auto now = std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
  const std::vector<Case> cases{
      {Start::latest(), 101, 0},
      {Start::oldest(), oldest, 0},
      {Start::sequence(97), 97, 0},
      {Start::sequence(1), oldest, oldest - 1},
      {Start::sequence(104), 104, 0},
      {Start::last(3), 98, 0},
      {Start::last(0), 101, 0},
      {Start::last(1000), oldest, 0},
      {Start::after({f.bus.incarnation(), id, 96}), 97, 0},
      {Start::after({f.bus.incarnation(), id, 100}), 101, 0},
      {Start::after({f.bus.incarnation(), id, 2}), oldest, oldest - 3},
      {Start::time(shmbus::Time{1ns}), oldest, 0},
      {Start::time(now + 1h), 0, 0},
  };
  std::vector<EventReader> readers;
  for (const Case& c : cases) readers.push_back(f.inspector.read("some.topic", c.start));
  for (std::size_t i = 0; i < cases.size(); ++i) {
    INFO("case " << i);
    CHECK(sequences(readers[i]) == (cases[i].first == 0 ? Sequences{} : from_to(cases[i].first, 100)));
    CHECK(readers[i].lost() == cases[i].lost);
  }
  publish(publisher, 101, 105);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    INFO("case " << i);
    const std::uint64_t first = std::max<std::uint64_t>(101, cases[i].first);
    CHECK(sequences(readers[i]) == (cases[i].first == 0 ? Sequences{} : from_to(first, 105)));
    CHECK(readers[i].lost() == cases[i].lost);
  }
}

TEST_CASE("a start at a time finds the first event of that time", "[event_reader]") {
  Fixture f;
  shmbus::Publisher publisher = f.bus.publisher("some.topic", small);
  publish(publisher, 1, 8);
  std::this_thread::sleep_for(2ms);
  const auto between = std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
  std::this_thread::sleep_for(2ms);
  publish(publisher, 9, 10);
  EventReader reader = f.inspector.read("some.topic", Start::time(between));
  CHECK(sequences(reader) == from_to(9, 10));
  CHECK(reader.lost() == 0);
}

TEST_CASE("events that leave the ring before they are read are counted exactly", "[event_reader]") {
  Fixture f;
  shmbus::Publisher publisher = f.bus.publisher("some.topic", small);
  publish(publisher, 1, 5);
  EventReader reader = f.inspector.read("some.topic", Start::oldest());
  std::uint64_t last = 0, read = 0;
  const auto drain = [&] {
    for (const std::uint64_t n : sequences(reader)) {
      CHECK(n > last);
      last = n;
      ++read;
      CHECK(read + reader.lost() >= n);
    }
    CHECK(read + reader.lost() == last);
  };
  drain();
  CHECK(last == 5);
  publish(publisher, 6, 100);
  drain();
  CHECK(last == 100);
  CHECK(reader.lost() != 0);
  // In the middle of a block, with a part of it copied.
  publish(publisher, 101, 105);
  REQUIRE(reader.next() != nullptr);
  ++read;
  last = 101;
  publish(publisher, 106, 200);
  drain();
  CHECK(last == 200);
}

TEST_CASE("events come in the order of their times across topics, those without a time stamp first", "[event_reader]") {
  Fixture f;
  shmbus::Publisher a = f.bus.publisher("t.a", small), b = f.bus.publisher("t.b", small);
  TopicOptions timeless = small;
  timeless.timestamps = false;
  shmbus::Publisher y = f.bus.publisher("t.y", timeless), z = f.bus.publisher("t.z", timeless);
  f.bus.publisher("other", small).publish("no match");
  a.publish("1");
  z.publish("z1");
  b.publish("2");
  y.publish("y1");
  b.publish("3");
  z.publish("z2");
  a.publish("4");
  y.publish("y2");
  EventReader reader = f.inspector.read("t.*", Start::oldest());
  CHECK(texts(reader) == Texts{"y1", "y2", "z1", "z2", "1", "2", "3", "4"});
  a.publish("5");
  b.publish("6");
  a.publish("7");
  CHECK(texts(reader) == Texts{"5", "6", "7"});
}

TEST_CASE("a topic that was at its end does not fall behind one with many events", "[event_reader]") {
  Fixture f;
  shmbus::Publisher many = f.bus.publisher("many"), few = f.bus.publisher("few");
  EventReader reader = f.inspector.read(">", Start::oldest());
  for (int i = 0; i < 5; ++i) many.publish("x");
  REQUIRE(reader.next() != nullptr);
  few.publish("before");
  for (int i = 0; i < 5; ++i) many.publish("y");
  const Texts found = texts(reader);
  CHECK(found == Texts{"x", "x", "x", "x", "before", "y", "y", "y", "y", "y"});
}

TEST_CASE("topics that come later are read from their first event, removed ones are finished", "[event_reader]") {
  Fixture f;
  f.bus.publisher("t.a").publish("old");
  EventReader reader = f.inspector.read("t.>", Start::latest());
  CHECK(texts(reader).empty());
  {
    shmbus::Publisher later = f.bus.publisher("t.later");
    later.publish("one");
    later.publish("two");
  }
  CHECK(texts(reader) == Texts{"one", "two"});
  f.bus.publisher("t.later").publish("never read");
  f.bus.remove_topic("t.later");
  const Texts rest = texts(reader);
  CHECK(rest.size() + reader.lost() == 1);
  f.bus.publisher("t.later").publish("anew");
  CHECK(texts(reader) == Texts{"anew"});
  CHECK(reader.problems().empty());
  CHECK_FALSE(reader.finished());
  shmbus::Bus::remove(f.name.name());
  CHECK(reader.next() == nullptr);
  CHECK(reader.finished());
}

TEST_CASE("a reader of what is retained reads nothing that comes later", "[event_reader]") {
  Fixture f;
  shmbus::Publisher publisher = f.bus.publisher("t.a", small);
  publish(publisher, 1, 5);
  EventReader reader = f.inspector.read("t.>", Start::last(3), {.retained_only = true});
  CHECK_FALSE(reader.finished());
  publish(publisher, 6, 6);
  f.bus.publisher("t.b").publish("later");
  CHECK(sequences(reader) == from_to(3, 5));
  CHECK(reader.finished());
  EventReader lapped = f.inspector.read("t.a", Start::sequence(4), {.retained_only = true});
  publish(publisher, 7, 100);
  CHECK(sequences(lapped).empty());
  CHECK(lapped.lost() == 3);  // 4, 5, 6: the later ones were never wanted
  CHECK(lapped.finished());
}

TEST_CASE("a reader copies as much of a payload as it is asked for", "[event_reader]") {
  Fixture f;
  shmbus::Publisher publisher = f.bus.publisher("some.topic", {.block_size = std::size_t{2} << 20, .blocks = 2});
  std::string payload(std::size_t{1} << 20, 'x');
  payload.back() = 'y';
  publisher.publish("abcdef", {.key = "key"});
  publisher.publish(payload, {.key = "key"});
  EventReader whole = f.inspector.read("some.topic", Start::oldest());
  CHECK(texts(whole) == Texts{"abcdef", payload});
  const std::size_t most = GENERATE(std::size_t{0}, std::size_t{3}, std::size_t{100});
  EventReader cut = f.inspector.read("some.topic", Start::oldest(), {.max_payload = most});
  for (const std::string& text : {std::string("abcdef"), payload}) {
    const EventSnapshot* event = cut.next();
    REQUIRE(event != nullptr);
    CHECK(event->size == text.size());
    CHECK(text_of(*event) == text.substr(0, most));
    CHECK(event->key == "key");
  }
}

TEST_CASE("a reader waits in front of an open loan and says so; aborted ones are passed over", "[event_reader]") {
  Fixture f;
  shmbus::Publisher publisher = f.bus.publisher("some.topic"), other = f.bus.publisher("some.topic");
  publisher.publish("first");
  auto open = other.loan(100);
  publisher.publish("behind");
  EventReader reader = f.inspector.read("some.topic", Start::oldest());
  CHECK(texts(reader) == Texts{"first"});
  const auto problems = reader.problems();
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].topic == "some.topic");
  CHECK(problems[0].code == ErrorCode::busy);
  CHECK_THAT(problems[0].reason, Catch::Contains("event 2"));
  if (GENERATE(true, false)) {
    open.abort();
    CHECK(texts(reader) == Texts{"behind"});
  } else {
    std::memcpy(open.payload().data(), "loan", 4);
    open.commit(4);
    CHECK(texts(reader) == Texts{"loan", "behind"});
  }
  CHECK(reader.problems().empty());
  CHECK(reader.lost() == 0);
}

TEST_CASE("a start that can't be is refused as a subscriber refuses it", "[event_reader]") {
  Fixture f;
  TopicOptions timeless = small;
  timeless.timestamps = false;
  shmbus::Publisher publisher = f.bus.publisher("t.a", small);
  f.bus.publisher("t.timeless", timeless).publish("x");
  publisher.publish("x");
  const std::uint64_t bus = f.bus.incarnation(), id = publisher.topic().id;
  for (const shmbus::EventId& stale :
       {shmbus::EventId{bus + 1, id, 1}, shmbus::EventId{bus, id + 1, 1}, shmbus::EventId{bus, id, 2}})
    test::expect_refusal({ErrorCode::stale_position, "topic 't.a'", stale.to_string()},
                         [&] { f.inspector.read("t.a", Start::after(stale)); });
  test::expect_refusal({ErrorCode::stale_position, "topic 'no.such'", "", "no such topic"},
                       [&] { f.inspector.read("no.such", Start::after({bus, id, 1})); });
  test::expect_refusal({ErrorCode::invalid_option, "Start::after", "one topic", "t.*"},
                       [&] { f.inspector.read("t.*", Start::after({bus, id, 1})); });
  test::expect_refusal({ErrorCode::invalid_option, "topic 't.timeless'", "time stamps"},
                       [&] { f.inspector.read("t.timeless", Start::time(shmbus::Time{1ns})); });
  test::expect_refusal({ErrorCode::invalid_name, "pattern"}, [&] { f.inspector.read("a..b", Start::oldest()); });
  EventReader reader = f.inspector.read("t.*", Start::time(shmbus::Time{1ns}));
  CHECK(texts(reader) == Texts{"x"});
  const auto problems = reader.problems();
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].topic == "t.timeless");
  CHECK_THAT(problems[0].reason, Catch::Contains("time stamps"));
}

TEST_CASE("a topic that was overwritten or cut short says why, and the others are read", "[event_reader]") {
  Fixture f;
  shmbus::Publisher publisher = f.bus.publisher("t.bad", small);
  publish(publisher, 1, 2);
  const auto good = [&] {
    shmbus::Publisher other = f.bus.publisher("t.good", small);
    other.publish("good");
  };
  const std::string log = f.segments.log("t.bad"), control = f.segments.control("t.bad");
  EventReader before = f.inspector.read("t.>", Start::oldest());
  REQUIRE(before.next() != nullptr);
  publish(publisher, 3, 6);
  std::string phrase;
  switch (GENERATE(0, 1, 2, 3, 4)) {
    case 0:  // all of the log
      for (std::uint64_t at = 0; at < 3 * 4096; at += 8) test::overwrite(log, at, std::uint64_t{0x5a5a5a5a5a5a5a5a});
      phrase = "which no publisher has committed or claims";
      break;
    case 1:  // the sizes of finished records
      for (std::uint64_t block = 0; block < 3; ++block) test::overwrite(log, block * 4096 + 8, ~std::uint64_t{0});
      phrase = "a size that can't be";
      break;
    case 2:
      std::filesystem::resize_file(log, 100);
      phrase = "100 bytes";
      break;
    case 3:
      std::filesystem::resize_file(control, 4096);
      phrase = "4096 bytes";
      break;
    default:
      test::overwrite(control, offsetof(shmbus::layout::TopicHeader, words.tail), ~std::uint64_t{0} / 3);
      phrase = "a tail and a ring that do not fit each other";
  }
  std::vector<EventReader> readers;
  readers.push_back(f.inspector.read("t.>", Start::oldest()));
  readers.push_back(std::move(before));
  good();
  for (EventReader& reader : readers) {
    const Texts found = texts(reader);
    REQUIRE_FALSE(found.empty());
    CHECK(found.back() == "good");
    const auto problems = reader.problems();
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].topic == "t.bad");
    CHECK(problems[0].code == ErrorCode::corrupt);
    CHECK_THAT(problems[0].reason, Catch::Contains("topic 't.bad'"));
    CHECK_THAT(problems[0].reason, Catch::Contains(phrase));
  }
}

TEST_CASE("an extension area that does not fit its record is corrupt for a reader as for a subscriber",
          "[event_reader]") {
  Fixture f;
  TopicOptions options = small;
  options.timestamps = false;
  shmbus::Publisher publisher = f.bus.publisher("t", options);
  publisher.publish("one", {.key = "key"});
  // The area's size, behind key and meta.
  test::overwrite(f.segments.log("t"), 16, std::uint32_t{4096});
  EventReader reader = f.inspector.read("t", Start::oldest());
  CHECK(reader.next() == nullptr);
  const auto problems = reader.problems();
  REQUIRE(problems.size() == 1);
  CHECK_THAT(problems[0].reason, Catch::Contains("event 1"));
}

TEST_CASE("entries that reach beyond their extension area are as if they were not there", "[event_reader]") {
  Fixture f;
  TopicOptions options = small;
  options.timestamps = false;
  shmbus::Publisher publisher = f.bus.publisher("t", options);
  publisher.publish("payload", {.key = "key"});
  test::overwrite(f.segments.log("t"), 16 + 8 + 4, std::uint32_t{4096});  // the entry's size
  EventReader reader = f.inspector.read("t", Start::oldest());
  const EventSnapshot* event = reader.next();
  REQUIRE(event != nullptr);
  CHECK(text_of(*event) == "payload");
  CHECK(event->key.empty());
}

TEST_CASE("a reader that was moved from throws closed, and one outlives its inspector", "[event_reader][moved_from]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  bus.publisher("t").publish("x");
  std::optional<Inspector> inspector(name.name());
  EventReader reader = inspector->read("t", Start::oldest());
  inspector.reset();
  EventReader other = std::move(reader);
  CHECK(texts(other) == Texts{"x"});
  test::expect_refusal({ErrorCode::closed, "EventReader"}, [&] { reader.next(); });
  test::expect_refusal({ErrorCode::closed, "EventReader"}, [&] { reader.problems(); });
  reader = std::move(other);
  CHECK(reader.next() == nullptr);
}

TEST_CASE("many more topics than files that stay open are read", "[event_reader]") {
  Fixture f;
  for (int i = 0; i < 80; ++i) f.bus.publisher("t." + std::to_string(i), small).publish(std::to_string(i));
  EventReader reader = f.inspector.read("t.*", Start::oldest());
  Texts expected;
  for (int i = 0; i < 80; ++i) expected.push_back(std::to_string(i));
  CHECK(texts(reader) == expected);
  f.bus.publisher("t.33").publish("more");
  CHECK(texts(reader) == Texts{"more"});
}
