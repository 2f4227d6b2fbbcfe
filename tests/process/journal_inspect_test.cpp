// Events read without joining the bus: journal and ring are one log for an EventReader, too.

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <ostream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "journal_fixture.hpp"

using namespace std::chrono_literals;
using shmbus::EventReader;
using shmbus::EventSnapshot;
using shmbus::Inspector;
using shmbus::Journal;
using shmbus::Start;
using test::ForkedProcess;
using test::JournaledBus;
using test::Parent;
using test::SelfChecking;

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

/// Publishes numbered events, from `first` to `last`. Returns the sequence of the last one.
std::uint64_t publish_to(shmbus::Publisher& publisher, std::uint64_t first, std::uint64_t last) {
  std::uint64_t sequence = 0;
  for (std::uint64_t n = first; n <= last; ++n) {
    const auto result = test::publish_numbered(publisher, 1, n);
    test::require(result.status() == shmbus::Status::ok, shmbus::to_string(result.status()));
    sequence = result.sequence();
  }
  return sequence;
}

/// Reads what a reader has now, and checks each event.
Began drain(EventReader& reader, std::uint64_t after = 0) {
  Began began;
  while (const EventSnapshot* event = reader.next()) {
    test::require(SelfChecking::whole(event->payload), "a torn event " + std::to_string(event->sequence));
    test::require(event->payload.size() == event->size, "an event of another size");
    test::require(event->id.sequence == event->sequence, "an event with another's id");
    test::require(event->sequence > after, "an event twice, or out of order");
    after = event->sequence;
    if (began.events++ == 0) began.first = event->sequence;
  }
  began.lost = reader.lost();
  return began;
}

Began read(const JournaledBus& home, Start start) {
  EventReader reader = Inspector(home.name()).read("t", start, {.retained_only = true});
  const Began began = drain(reader);
  test::require(reader.finished(), "the reader has not finished");
  test::require(reader.problems().empty(), "the reader has a problem");
  return began;
}

std::uint64_t oldest_in_ring(const JournaledBus& home) {
  for (const auto& topic : Inspector(home.name()).snapshot().topics) {
    if (topic.info.name == "t") return topic.oldest;
  }
  return 0;
}

/// The files of a journal, and their sizes.
std::vector<std::pair<std::string, std::uintmax_t>> files(const std::string& folder) {
  std::vector<std::pair<std::string, std::uintmax_t>> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_regular_file()) found.emplace_back(entry.path().filename(), entry.file_size());
  }
  std::sort(found.begin(), found.end());
  return found;
}

void wait_until_recorded(const JournaledBus& home, std::uint64_t sequence) {
  test::wait_until("the events to be recorded", [&] { return home.journal("t").recorded >= sequence; });
}

}  // namespace

TEST_CASE("a reader without a port begins anywhere in journal and ring, and disturbs neither",
          "[journal][event_reader]") {
  const JournaledBus home;
  shmbus::Bus bus = home.open();
  shmbus::Publisher publisher = bus.publisher("t", small);
  constexpr std::uint64_t last = 5000;
  REQUIRE(publish_to(publisher, 1, last) == last);
  wait_until_recorded(home, last);
  const std::uint64_t border = oldest_in_ring(home);
  REQUIRE(border > 100);
  REQUIRE(border < last);
  const auto before = files(home.folder("t"));
  CHECK(read(home, Start::oldest()) == Began{1, last, 0});
  CHECK(read(home, Start::latest()) == Began{});
  CHECK(read(home, Start::last(last + 10)) == Began{1, last, 0});
  std::vector<std::uint64_t> numbers{1, 2, 3, 17, 1000, last - 1, last};
  for (std::uint64_t n = border - 4; n <= border + 4; ++n) numbers.push_back(n);
  for (const std::uint64_t n : numbers) {
    CAPTURE(n, border);
    const Began whole{n, last - n + 1, 0};
    CHECK(read(home, Start::sequence(n)) == whole);
    CHECK(read(home, Start::last(last - n + 1)) == whole);
    EventReader reader = Inspector(home.name()).read("t", Start::sequence(n), {.retained_only = true});
    const EventSnapshot event = *reader.next();
    CHECK(read(home, Start::after(event.id)) == Began{n == last ? 0 : n + 1, last - n, 0});
    const Began by_time = read(home, Start::time(event.time));
    CHECK(by_time.first <= n);
    CHECK(by_time.first + by_time.events == last + 1);
    CHECK(by_time.lost == 0);
  }
  CHECK(read(home, Start::time(shmbus::Time{1ns})) == Began{1, last, 0});
  CHECK(Inspector(home.name()).snapshot().subscriptions.empty());
  CHECK(files(home.folder("t")) == before);
}

TEST_CASE("events come from the journal as from the ring", "[journal][event_reader]") {
  const JournaledBus home;
  shmbus::Bus bus = home.open();
  shmbus::TopicOptions options = small;
  options.timestamps = GENERATE(true, false);
  shmbus::Publisher publisher = bus.publisher("t", options);
  const auto context = shmbus::TraceContext::parse("00-0123456789abcdef0123456789abcdef-0123456789abcdef-01");
  const std::string key = "customer 7", text(300, 'x');
  for (int i = 0; i < 3; ++i)
    REQUIRE(publisher.publish(text, {.trace = context, .headers = {{"content-type", "text"}}, .key = key}));
  const auto both = [&] {
    EventReader reader = Inspector(home.name()).read("t", Start::oldest(), {.max_payload = 17, .retained_only = true});
    std::vector<EventSnapshot> found;
    for (int i = 0; i < 3; ++i) found.push_back(*reader.next());
    return found;
  };
  const std::vector<EventSnapshot> ring = both();
  REQUIRE(oldest_in_ring(home) == 1);
  for (int i = 0; i < 200; ++i) REQUIRE(publisher.publish(text));
  wait_until_recorded(home, 203);
  REQUIRE(oldest_in_ring(home) > 3);
  const std::vector<EventSnapshot> journal = both();
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(journal[i].topic == "t");
    CHECK((journal[i].id == ring[i].id));
    CHECK(journal[i].payload == ring[i].payload);
    CHECK(journal[i].payload.size() == 17);
    CHECK(journal[i].size == text.size());
    CHECK(journal[i].publisher == ring[i].publisher);
    CHECK(journal[i].key == key);
    REQUIRE(journal[i].headers.size() == 1);
    CHECK(journal[i].headers[0].value == "text");
    CHECK((journal[i].trace == context));
    CHECK(std::chrono::abs(journal[i].time - ring[i].time) < 1ms);
  }
}

TEST_CASE("a reader without a port that sleeps while the ring is overrun gets each event once",
          "[journal][event_reader]") {
  const JournaledBus home;
  shmbus::Bus bus = home.open();
  shmbus::Publisher publisher = bus.publisher("t", small);
  EventReader reader = Inspector(home.name()).read("t", Start::latest());
  std::uint64_t published = 0, seen = 0;
  for (const std::uint64_t burst : {3000, 2, 700, 0, 1, 4000, 40, 2000, 3}) {
    publish_to(publisher, published + 1, published + burst);
    published += burst;
    const test::Deadline deadline;
    // Half of them now, the rest behind the next burst.
    const std::uint64_t wanted = published - burst / 2;
    while (seen < wanted) {
      if (const EventSnapshot* event = reader.next()) {
        test::require(event->sequence == seen + 1, "event " + std::to_string(event->sequence) + " is not the next one");
        test::require(SelfChecking::whole(event->payload), "a torn event");
        ++seen;
      }
      deadline.check("the events of the journal");
    }
  }
  test::wait_until("the last event", [&] {
    if (reader.next() != nullptr) ++seen;
    return seen == published;
  });
  CHECK(reader.lost() == 0);
  CHECK(reader.next() == nullptr);
  CHECK(reader.problems().empty());
}

TEST_CASE("a reader without a port loses nothing of a topic that is published to at full speed",
          "[journal][event_reader]") {
  const JournaledBus home;
  home.open().topic("t", small);
  constexpr std::uint64_t last = 60'000;
  ForkedProcess author{[&](const Parent& parent) {
    shmbus::Bus bus = home.open();
    shmbus::Publisher publisher = bus.publisher("t");
    parent.say();
    publish_to(publisher, 1, last);
    parent.hear();
  }};
  author.hear();
  EventReader reader = Inspector(home.name()).read("t", Start::oldest());
  const test::Deadline deadline;
  for (std::uint64_t seen = 0; seen < last;) {
    deadline.check("the last event");
    const EventSnapshot* event = reader.next();
    if (event == nullptr) continue;
    REQUIRE(event->sequence == ++seen);
    REQUIRE(SelfChecking::whole(event->payload));
  }
  CHECK(reader.lost() == 0);
  author.say();
  CHECK(author.wait() == test::End{});
}

TEST_CASE("the last events are found before a gap of numbers", "[journal][event_reader]") {
  const JournaledBus home;
  std::uint64_t sequence = 0;
  for (unsigned life = 0; life < 3; ++life) {
    ForkedProcess process{[&](const Parent& parent) {
      shmbus::Bus bus = home.open();
      shmbus::Publisher publisher = bus.publisher("t", small);
      const std::uint64_t last = publish_to(publisher, life * 1000 + 1, life * 1000 + 1000);
      wait_until_recorded(home, last);
      parent.say(last);
      parent.hear();  // killed meanwhile: the numbers that were reserved are a gap
    }};
    sequence = process.hear();
    process.kill();
    process.wait();
    home.reboot();
  }
  REQUIRE(sequence > std::uint64_t{1} << 40);
  shmbus::Bus bus = home.open();
  const auto numbers = [&](Start start) {
    std::vector<std::uint64_t> found;
    EventReader reader = Inspector(home.name()).read("t", start, {.retained_only = true});
    while (const EventSnapshot* event = reader.next()) found.push_back(SelfChecking::number(event->payload) >> 8);
    CHECK(reader.lost() == 0);
    CHECK(reader.finished());
    return found;
  };
  const auto from_to = [](std::uint64_t first, std::uint64_t last) {
    std::vector<std::uint64_t> all;
    for (std::uint64_t n = first; n <= last; ++n) all.push_back(n);
    return all;
  };
  CHECK(numbers(Start::last(10)) == from_to(2991, 3000));
  CHECK(numbers(Start::last(1500)) == from_to(1501, 3000));
  CHECK(numbers(Start::last(5000)) == from_to(1, 3000));
  CHECK(numbers(Start::oldest()) == from_to(1, 3000));
  CHECK(numbers(Start::sequence(1)) == from_to(1, 3000));
  const auto subscribed = [&](Start start, std::uint64_t events) {
    std::vector<std::uint64_t> found;
    shmbus::Subscriber subscriber = bus.subscriber("t", {.start = start});
    test::poll_until(
        subscriber, "the events",
        [&](const shmbus::Event& e) { found.push_back(SelfChecking::number(e.payload()) >> 8); },
        [&] { return found.size() >= events; });
    CHECK(subscriber.lost() == 0);
    return found;
  };
  CHECK(subscribed(Start::last(10), 10) == from_to(2991, 3000));
  CHECK(subscribed(Start::last(1500), 1500) == from_to(1501, 3000));
  CHECK(subscribed(Start::last(5000), 3000) == from_to(1, 3000));
  shmbus::Publisher publisher = bus.publisher("t");
  publish_to(publisher, 3001, 3004);
  CHECK(numbers(Start::last(4)) == from_to(3001, 3004));
  CHECK(numbers(Start::last(5)) == from_to(3000, 3004));
  CHECK(subscribed(Start::last(5), 5) == from_to(3000, 3004));
  CHECK(numbers(Start::last(2000)) == from_to(1005, 3004));
}

TEST_CASE("for a reader without a port, what retention has removed counts as lost where it was asked for",
          "[journal][event_reader]") {
  const JournaledBus home;
  shmbus::Bus bus = home.open();
  shmbus::TopicOptions options = small;
  options.retain.bytes = 2 << 20;
  shmbus::Publisher publisher = bus.publisher("t", options);
  std::uint64_t last = 0;
  const test::Deadline deadline;
  while (home.journal("t").first_held <= 1) {
    last = publish_to(publisher, last + 1, last + 5000);
    deadline.check("files to be removed");
  }
  wait_until_recorded(home, last);
  const Began oldest = read(home, Start::oldest());
  CHECK(oldest.first > 1);
  CHECK(oldest.lost == 0);
  CHECK(oldest.events == last - oldest.first + 1);
  const Began first = read(home, Start::sequence(1));
  CHECK(first.first >= oldest.first);
  CHECK(first.lost == first.first - 1);
  CHECK(first.events == last - first.first + 1);
}

TEST_CASE("without its journal a topic is read from the ring, and the reader says why", "[journal][event_reader]") {
  const JournaledBus home;
  shmbus::Bus bus = home.open();
  shmbus::Publisher publisher = bus.publisher("t", small);
  const std::uint64_t last = publish_to(publisher, 1, 5000);
  wait_until_recorded(home, last);
  std::filesystem::rename(home.folder("t"), home.folder("t") + ".away");
  const std::uint64_t border = oldest_in_ring(home);
  EventReader all = Inspector(home.name()).read("t", Start::sequence(1), {.retained_only = true});
  CHECK(drain(all) == Began{border, last - border + 1, border - 1});
  REQUIRE(all.problems().size() == 1);
  CHECK(all.problems()[0].topic == "t");
  CHECK(all.problems()[0].code == shmbus::ErrorCode::not_found);
  // What the ring holds needs no journal.
  EventReader some = Inspector(home.name()).read("t", Start::last(3), {.retained_only = true});
  CHECK(drain(some) == Began{last - 2, 3, 0});
  CHECK(some.problems().empty());
  // Nor does a reader of the ring alone.
  EventReader ring = Inspector(home.name()).read("t", Start::oldest(), {.retained_only = true, .journals = false});
  CHECK(drain(ring) == Began{border, last - border + 1, 0});
  CHECK(ring.problems().empty());
  std::filesystem::rename(home.folder("t") + ".away", home.folder("t"));
}

TEST_CASE("events of several topics come in the order of their times, from journals and rings",
          "[journal][event_reader]") {
  const JournaledBus home;
  shmbus::Bus bus = home.open();
  std::vector<shmbus::Publisher> publishers;
  for (unsigned i = 0; i < 70; ++i)  // more than keep their files open
    publishers.push_back(
        bus.publisher("t." + std::to_string(i), i % 7 == 0 ? small : shmbus::TopicOptions{.blocks = 4}));
  const std::string text(900, 'x');
  for (unsigned n = 0; n < 4200; ++n) REQUIRE(publishers[n * 3 % 70].publish(text));
  for (unsigned n = 0; n < 700; ++n) REQUIRE(publishers[n % 70].publish(text));
  EventReader reader = Inspector(home.name()).read("t.*", Start::oldest(), {.retained_only = true});
  shmbus::Time time{};
  std::uint64_t events = 0;
  while (const EventSnapshot* event = reader.next()) {
    REQUIRE(event->time >= time);
    time = event->time;
    ++events;
  }
  CHECK(events == 4900);
  CHECK(reader.lost() == 0);
  CHECK(reader.finished());
}
