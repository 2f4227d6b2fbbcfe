// Where a subscriber begins in a journaled topic: the journal and the ring are one log.

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "journal_fixture.hpp"
#include "support/clock_offset.hpp"

using namespace std::chrono_literals;
using shmbus::Event;
using shmbus::Journal;
using shmbus::Record;
using shmbus::Start;
using shmbus::Status;
using test::JournaledBus;

namespace {

const shmbus::TopicOptions small{
    .block_size = 4096, .blocks = 4, .journal = Journal::page_cache(), .segment_file = 1 << 20};

struct Began {
  std::uint64_t first = 0;   ///< sequence of the first event
  std::uint64_t events = 0;  ///< up to the last one
  std::uint64_t lost = 0;
  bool operator==(const Began&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Began& b) {
  return out << "first " << b.first << ", " << b.events << " events, " << b.lost << " lost";
}

/// Reads from a start to event `last`, which is the newest.
Began read(shmbus::Bus& bus, Start start, std::uint64_t last) {
  shmbus::Subscriber subscriber = bus.subscriber("t", {.start = start});
  test::NumberedReading reading;
  test::poll_until(subscriber, "the last event", std::ref(reading), [&] { return reading.sequence() >= last; });
  test::require(reading.sequence() == last, "an event that was never published");
  test::require(subscriber.poll(std::ref(reading)) == 0, "an event behind the last one");
  return {reading.first(), reading.events(), subscriber.lost()};
}

std::uint64_t oldest_in_ring(const JournaledBus& home) {
  for (const auto& topic : shmbus::Inspector(home.name()).snapshot().topics) {
    if (topic.info.name == "t") return topic.oldest;
  }
  return 0;
}

}  // namespace

TEST_CASE("starts by number are exact over journal and ring, and at their border", "[journal]") {
  const JournaledBus home;
  shmbus::Bus bus = home.open();
  shmbus::Publisher publisher = bus.publisher("t", small);
  constexpr std::uint64_t events = 5000;
  std::uint64_t last = 0;
  std::vector<shmbus::EventId> ids(events + 2);
  {
    shmbus::Subscriber all = bus.subscriber("t");
    for (std::uint64_t n = 1; n <= events; ++n) {
      last = test::publish_numbered(publisher, 1, n).sequence();
      all.poll([&](const Event& event) { ids[event.sequence()] = event.id(); });
    }
  }
  REQUIRE(last == events);
  const std::uint64_t border = oldest_in_ring(home);
  REQUIRE(border > 100);
  REQUIRE(border < events);
  CHECK(read(bus, Start::oldest(), last) == Began{1, events, 0});
  std::vector<std::uint64_t> numbers{1, 2, 3, 17, 1000, last - 1, last};
  for (std::uint64_t n = border - 4; n <= border + 4; ++n) numbers.push_back(n);
  for (const std::uint64_t n : numbers) {
    CAPTURE(n, border);
    CHECK(read(bus, Start::sequence(n), last) == Began{n, last - n + 1, 0});
    CHECK(read(bus, Start::last(last - n + 1), last) == Began{n, last - n + 1, 0});
    REQUIRE(ids[n].sequence == n);
    if (n != last) CHECK(read(bus, Start::after(ids[n]), last) == Began{n + 1, last - n, 0});
  }
  CHECK(read(bus, Start::sequence(0), last) == Began{1, events, 0});
  CHECK(read(bus, Start::last(events + 7), last) == Began{1, events, 0});
  // Numbers to come.
  shmbus::Subscriber next = bus.subscriber("t", {.start = Start::sequence(last + 1)});
  shmbus::Subscriber later = bus.subscriber("t", {.start = Start::sequence(last + 3)});
  shmbus::Subscriber none = bus.subscriber("t", {.start = Start::last(0)});
  shmbus::Subscriber after = bus.subscriber("t", {.start = Start::after(ids[last])});
  std::array<test::NumberedReading, 4> readings;
  for (std::uint64_t n = events + 1; n <= events + 3; ++n) REQUIRE(test::publish_numbered(publisher, 1, n));
  next.poll(std::ref(readings[0]));
  later.poll(std::ref(readings[1]));
  none.poll(std::ref(readings[2]));
  after.poll(std::ref(readings[3]));
  CHECK(readings[0].first() == last + 1);
  CHECK(readings[1].first() == last + 3);
  CHECK(readings[2].first() == last + 1);
  CHECK(readings[3].first() == last + 1);
  CHECK(next.lost() + later.lost() + none.lost() + after.lost() == 0);
}

TEST_CASE("starts are exact while events are published and the border moves", "[journal]") {
  const JournaledBus home;
  shmbus::Bus bus = home.open();
  shmbus::Publisher first = bus.publisher("t", small);
  std::uint64_t n = 0;
  while (n < 1000) REQUIRE(test::publish_numbered(first, 1, ++n));
  std::atomic<bool> enough{false};
  std::atomic<std::uint64_t> newest{n};
  std::thread author([&, publisher = std::move(first)]() mutable {
    while (!enough) {
      newest.store(test::publish_numbered(publisher, 1, ++n).sequence());
      if (n % 16 == 0) std::this_thread::sleep_for(50us);
    }
  });
  for (unsigned round = 0; round < 300 / test::slowness; ++round) {
    // Somewhere about the border of ring and journal, which moves on all the time.
    const std::uint64_t wanted = newest.load() - 20 - round % 80;
    CAPTURE(wanted);
    shmbus::Subscriber subscriber = bus.subscriber("t", {.start = Start::sequence(wanted)});
    test::NumberedReading reading;
    test::poll_until(subscriber, "200 events", std::ref(reading), [&] { return reading.events() >= 200; });
    CHECK(reading.first() == wanted);
    CHECK(reading.gaps(1) == wanted - 1);
    CHECK(subscriber.lost() == 0);
  }
  enough = true;
  author.join();
}

TEST_CASE("a start by time finds the first event of that time or later in journal and ring", "[journal]") {
  const JournaledBus home;
  shmbus::Bus bus = home.open();
  shmbus::Publisher publisher = bus.publisher("t", small);
  std::vector<shmbus::Time> times{{}};
  shmbus::Subscriber all = bus.subscriber("t");
  const auto note = [&](const Event& event) {
    test::require(event.sequence() == times.size(), "another event");
    times.push_back(event.time());
  };
  constexpr std::uint64_t events = 3000;
  const auto pause = GENERATE(0us, 400us);  // less or more than a second in all
  for (std::uint64_t n = 1; n <= events; ++n) {
    REQUIRE(test::publish_numbered(publisher, 1, n));
    if (n % 50 == 0) std::this_thread::sleep_for(2ms + 50 * pause);
    all.poll(note);
  }
  test::poll_until(all, "all events", note, [&] { return times.size() == events + 1; });
  const std::uint64_t border = oldest_in_ring(home);
  std::vector<std::uint64_t> numbers{1, 51, 1001, 2001, 2951};
  numbers.push_back(border / 50 * 50 + 1);
  numbers.push_back(border / 50 * 50 - 49);
  for (const std::uint64_t n : numbers) {
    CAPTURE(n, border);
    // In the middle of the pause before it: times are exact to 1 ms.
    const shmbus::Time between = n == 1 ? times[1] - 1s : times[n] - 1ms;
    CHECK(read(bus, Start::time(between), events) == Began{n, events - n + 1, 0});
  }
  CHECK(read(bus, Start::time(shmbus::Time{}), events) == Began{1, events, 0});
  shmbus::Subscriber later = bus.subscriber("t", {.start = Start::time(times.back() + 1h)});
  CHECK(later.poll([](const Event&) {}) == 0);
}

TEST_CASE("what retention has removed counts as lost where it was asked for", "[journal]") {
  const JournaledBus home;
  shmbus::Bus bus = home.open();
  auto options = small;
  options.retain.bytes = 2 << 20;
  shmbus::Publisher publisher = bus.publisher("t", options);
  shmbus::Subscriber laggard = bus.subscriber("t");
  std::uint64_t last = 0;
  const test::Deadline deadline;
  while (home.journal("t").first_held <= 1) {
    for (unsigned i = 0; i < 5000; ++i) last = test::publish_numbered(publisher, 1, last + 1).sequence();
    deadline.check("files to be removed");
  }
  REQUIRE(publisher.wait_durable(last, test::patience) == Status::ok);
  const Began oldest = read(bus, Start::oldest(), last);
  CHECK(oldest.first > 1);
  CHECK(oldest.lost == 0);
  CHECK(oldest.events == last - oldest.first + 1);
  const Began first = read(bus, Start::sequence(1), last);
  CHECK(first.first >= oldest.first);
  CHECK(first.lost == first.first - 1);
  CHECK(first.events == last - first.first + 1);
  test::NumberedReading reading;
  test::poll_until(laggard, "the last event", std::ref(reading), [&] { return reading.sequence() >= last; });
  CHECK(laggard.lost() + reading.events() == last);
  CHECK(reading.gaps(1) == laggard.lost());
  CHECK(publisher.wait_durable(1, test::patience) == Status::ok);
}

TEST_CASE("a subscriber that begins with the oldest event while no process records reads all of the ring",
          "[journal]") {
  const JournaledBus home;
  shmbus::TopicOptions options{.block_size = 4096, .blocks = 4, .journal = Journal::page_cache()};
  options.unrecorded_limit = std::chrono::hours{1};
  { home.open().topic("t", options); }  // its recorder ends before there is an event
  shmbus::Bus bus = home.open(Record::none);
  shmbus::Publisher publisher = bus.publisher("t");
  std::uint64_t last = 0;
  const std::string payload(100, 'x');
  while (const auto result = publisher.try_publish(payload)) last = result.sequence();
  REQUIRE(last > 50);  // several blocks
  shmbus::Subscriber subscriber = bus.subscriber("t", {.start = Start::oldest()});
  std::uint64_t expected = 1;
  test::poll_until(
      subscriber, "the last event", [&](const shmbus::Event& event) { CHECK(event.sequence() == expected++); },
      [&] { return expected > last || subscriber.status() != Status::ok; });
  CHECK(expected == last + 1);
  CHECK(subscriber.lost() == 0);
  CHECK(subscriber.status() == Status::ok);
}

TEST_CASE("a start at a time finds it in the ring, whether a process records or not", "[journal]") {
  const JournaledBus home;
  const bool recorded = GENERATE(true, false);
  const unsigned before = GENERATE(10u, 80u, 500u);  // within a block, over several, over more than the ring holds
  const unsigned after = GENERATE(0u, 5u);
  if (before > 100 && !recorded) return;  // the ring holds what is not recorded
  CAPTURE(recorded, before, after);
  shmbus::TopicOptions options{.block_size = 4096, .blocks = 4, .journal = Journal::page_cache()};
  options.unrecorded_limit = std::chrono::hours{1};
  { home.open().topic("t", options); }
  shmbus::Bus bus = home.open(recorded ? Record::own : Record::none);
  shmbus::Publisher publisher = bus.publisher("t");
  const std::string payload(100, 'x');
  std::uint64_t last = 0;
  for (unsigned i = 0; i < before; ++i) last = publisher.publish(payload).sequence();
  if (recorded) REQUIRE(publisher.wait_durable(last, test::patience) == Status::ok);
  std::this_thread::sleep_for(20ms);
  const shmbus::Time time{std::chrono::system_clock::now().time_since_epoch()};
  std::this_thread::sleep_for(20ms);
  for (unsigned i = 0; i < after; ++i) last = publisher.publish(payload).sequence();
  shmbus::Subscriber subscriber = bus.subscriber("t", {.start = Start::time(time)});
  std::vector<std::uint64_t> seen, expected;
  const auto note = [&](const Event& event) { seen.push_back(event.sequence()); };
  const auto end = std::chrono::steady_clock::now() + 300ms;  // also what comes wrongly
  while (std::chrono::steady_clock::now() < end) {
    if (subscriber.poll(note) == 0) subscriber.wait(10ms);
  }
  last = publisher.publish(payload).sequence();
  test::poll_until(subscriber, "the last event", note, [&] { return !seen.empty() && seen.back() == last; });
  for (std::uint64_t s = before + 1; s <= last; ++s) expected.push_back(s);
  CHECK(seen == expected);
  CHECK(subscriber.lost() == 0);
}

TEST_CASE("what a recorder writes while a subscriber gives it up is not lost", "[journal]") {
  const JournaledBus home;
  shmbus::TopicOptions options{.block_size = 4096, .blocks = 4, .journal = Journal::page_cache()};
  options.unrecorded_limit = std::chrono::hours{1};
  { home.open().topic("t", options); }
  shmbus::Bus bus = home.open(Record::none);
  shmbus::Publisher publisher = bus.publisher("t");
  std::uint64_t last = 0;
  const auto publish_some = [&] { last = test::publish_numbered(publisher, 1, last + 1).sequence(); };
  for (int i = 0; i < 10; ++i) publish_some();
  shmbus::Subscriber subscriber = bus.subscriber("t", {.start = Start::oldest()});
  // It has seen that no process records, and is not scheduled for a while. Meanwhile one does, and the ring moves on.
  bool done = false;
  test::at_next_look_at_clock([&] {
    shmbus::Bus records = home.open();
    shmbus::Publisher other = records.publisher("t");
    for (int i = 0; i < 1000; ++i) publish_some();
    test::require(other.wait_durable(last, test::patience) == Status::ok, "not durable");
    done = true;
  });
  test::NumberedReading reading;
  test::poll_until(subscriber, "the last event", std::ref(reading), [&] { return reading.sequence() == last; });
  REQUIRE(done);
  CHECK(reading.events() == last);
  CHECK(subscriber.lost() == 0);
}
