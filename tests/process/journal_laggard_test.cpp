// A subscriber that falls behind on a journaled topic loses nothing: it goes on from the journal, and comes back to the
// ring.

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "journal_fixture.hpp"

using namespace std::chrono_literals;
using shmbus::Delivery;
using shmbus::Event;
using shmbus::Journal;
using shmbus::Record;
using shmbus::Start;
using shmbus::Status;
using test::ForkedProcess;
using test::JournaledBus;
using test::Parent;

namespace {

const shmbus::TopicOptions small{
    .block_size = 4096, .blocks = 4, .journal = Journal::page_cache(), .segment_file = 1 << 20};

/// The subscriber's port, as monitors see it.
shmbus::SubscriberSnapshot port_of(const std::string& bus, const std::string& topic, const std::string& subscriber) {
  for (const auto& t : shmbus::Inspector(bus).snapshot().topics) {
    if (t.info.name != topic) continue;
    for (const auto& s : t.subscribers) {
      if (s.name == subscriber) return s;
    }
  }
  throw std::runtime_error("no subscriber " + subscriber);
}

/// Publishes numbered events, from 1 to a number.
void publish_to(shmbus::Publisher& publisher, std::uint64_t first, std::uint64_t last) {
  for (std::uint64_t n = first; n <= last; ++n) {
    const auto result = test::publish_numbered(publisher, 1, n);
    test::require(result.status() == Status::ok, shmbus::to_string(result.status()));
  }
}

}  // namespace

TEST_CASE("a subscriber that sleeps while a small ring is overrun many times gets each event once", "[journal]") {
  const JournaledBus home;
  const bool elsewhere = GENERATE(false, true);  // which process records
  const unsigned rounds = 20;
  const std::uint64_t burst = 3000;
  CAPTURE(elsewhere);
  shmbus::Bus bus = home.open(elsewhere ? Record::none : Record::own);
  ForkedProcess author{[&](const Parent& parent) {
    shmbus::Bus member = home.open(elsewhere ? Record::own : Record::none);
    shmbus::Publisher publisher = member.publisher("t", small);
    parent.say();
    for (std::uint64_t n = 0; const std::uint64_t count = parent.hear(); n += count) {
      publish_to(publisher, n + 1, n + count);
      parent.say();
    }
  }};
  author.hear();
  if (!elsewhere) bus.topic("t");
  shmbus::Subscriber subscriber = bus.subscriber("t", {.name = "laggard"});
  shmbus::Publisher own = bus.publisher("t");
  test::NumberedReading reading;
  std::uint64_t published = 0;
  for (unsigned round = 0; round < rounds; ++round) {
    author.say(burst);
    author.hear();
    published += burst;
    // Somewhere in the middle it sleeps once more.
    test::poll_until(subscriber, "half of the events", std::ref(reading),
                     [&] { return reading.events() > published - burst / 2; });
    author.say(burst);
    author.hear();
    published += burst;
    test::poll_until(subscriber, "the rest", std::ref(reading), [&] { return reading.events() >= published; });
  }
  CHECK(reading.events() == published);
  CHECK(reading.first() == 1);
  CHECK(reading.sequence() == published);
  CHECK(reading.gaps(1) == 0);
  CHECK(subscriber.lost() == 0);
  CHECK(subscriber.delivered() == published);
  CHECK(subscriber.status() == Status::ok);
  // Back in the ring: it sees an event as soon as it is published, and shows its place.
  author.say(1);
  author.hear();
  CHECK(subscriber.poll(std::ref(reading)) == 1);
  const auto port = port_of(home.name(), "t", "laggard");
  CHECK_FALSE(port.in_journal);
  CHECK(port.lost == 0);
  CHECK(port.lapped > 0);
  CHECK(port.delivered == published + 1);
  author.say(0);
  CHECK(author.wait() == test::End{});
}

TEST_CASE("a subscriber of several journaled topics reads each in order from wherever it is", "[journal]") {
  const JournaledBus home;
  shmbus::Bus bus = home.open();
  constexpr std::size_t topics = 5;
  shmbus::Subscriber subscriber = bus.subscriber("t.*");
  std::vector<shmbus::Publisher> publishers;
  for (std::size_t i = 0; i < topics; ++i)
    publishers.push_back(bus.publisher("t." + std::to_string(i), i == 4 ? shmbus::TopicOptions{.blocks = 64} : small));
  std::array<test::NumberedReading, topics> readings;
  std::array<std::uint64_t, topics> published{};
  const auto read = [&](const Event& event) { readings[static_cast<std::size_t>(event.topic().back() - '0')](event); };
  const auto all = [&] {
    for (std::size_t i = 0; i < topics; ++i) {
      if (readings[i].events() < published[i]) return false;
    }
    return true;
  };
  for (unsigned round = 0; round < 15; ++round) {
    for (std::size_t i = 0; i < topics; ++i) {
      // One topic is overrun, one has a few events, one none, and so on in turn; the last one has no journal.
      const std::uint64_t count = i == 4                 ? 3
                                  : (round + i) % 4 == 0 ? 2000
                                  : (round + i) % 4 == 1 ? 3
                                  : (round + i) % 4 == 2 ? 0
                                                         : 40;
      publish_to(publishers[i], published[i] + 1, published[i] + count);
      published[i] += count;
    }
    if (round % 3 != 2) subscriber.poll(read, 700);
    if (round % 3 == 2) test::poll_until(subscriber, "all topics' events", read, all);
  }
  test::poll_until(subscriber, "all topics' events", read, all);
  CHECK(subscriber.lost() == 0);
  for (std::size_t i = 0; i < topics; ++i) {
    CHECK(readings[i].events() == published[i]);
    CHECK(readings[i].gaps(1) == 0);
  }
}

TEST_CASE("events come from the journal as they were published", "[journal]") {
  const JournaledBus home;
  const auto journal = GENERATE(Journal::page_cache(), Journal::interval(5ms), Journal::batch());
  const bool stamps = GENERATE(true, false);
  const auto writers = GENERATE(shmbus::Writers::shared, shmbus::Writers::exclusive);
  shmbus::Bus bus = home.open();
  shmbus::Publisher publisher = bus.publisher("t", {.block_size = 16384,
                                                    .blocks = 4,
                                                    .timestamps = stamps,
                                                    .writers = writers,
                                                    .journal = journal,
                                                    .segment_file = 1 << 20});
  shmbus::Subscriber early = bus.subscriber("t", {.delivery = Delivery::reliable}), late = bus.subscriber("t");
  struct Seen {
    std::uint64_t sequence;
    shmbus::Time time;
    shmbus::EventId id;
    unsigned publisher;
    std::string text, key;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string trace;
    bool operator==(const Seen&) const = default;
  };
  const auto seen = [](const Event& e) {
    Seen s{e.sequence(), e.time(), e.id(), e.publisher(), std::string(e.text()), std::string(e.key()), {}, ""};
    for (const auto& h : e.headers()) s.headers.emplace_back(h.name, h.value);
    if (e.trace() != nullptr) s.trace = e.trace()->traceparent();
    return s;
  };
  std::vector<Seen> from_ring, from_journal;
  const auto context = shmbus::TraceContext::parse("00-0123456789abcdef0123456789abcdef-0123456789abcdef-01");
  for (unsigned n = 1; n <= 600; ++n) {
    const std::string value(n % 50, 'v'), key(n % 30, 'k');
    const std::string text(n % 7 == 0 ? 15000 : n * 5 % 1500, static_cast<char>('a' + n % 26));
    shmbus::PublishOptions options;
    if (n % 2 != 0) options.headers = {{"name", value}, {"n", std::to_string(n)}};
    if (n % 3 != 0) options.key = key;
    if (n % 5 == 0) options.trace = context;
    const std::string number = std::to_string(n);
    if (n % 2 != 0) options.headers[1].value = number;
    if (n % 4 == 1) {
      shmbus::Loan loan = publisher.loan(15000, options);
      REQUIRE(loan);
      std::memcpy(loan.payload().data(), text.data(), std::min<std::size_t>(text.size(), 700));
      REQUIRE(loan.commit(std::min<std::size_t>(text.size(), 700)));
    } else if (n % 4 == 2) {
      shmbus::Loan loan = publisher.loan(100 + n);
      REQUIRE(loan);
      loan.abort();
    } else {
      REQUIRE(publisher.publish(text, options));
    }
    early.poll([&](const Event& e) { from_ring.push_back(seen(e)); });
  }
  const std::uint64_t events = from_ring.size();
  test::poll_until(
      late, "all events", [&](const Event& e) { from_journal.push_back(seen(e)); },
      [&] { return from_journal.size() >= events; });
  REQUIRE(from_journal.size() == events);
  for (std::size_t i = 0; i < events; ++i) {
    CAPTURE(i, from_ring[i].sequence, from_journal[i].sequence);
    REQUIRE((from_ring[i].sequence == from_journal[i].sequence));
    REQUIRE(std::chrono::abs(from_ring[i].time - from_journal[i].time) < 1ms);
    REQUIRE((from_ring[i].id == from_journal[i].id));
    REQUIRE(from_ring[i].publisher == from_journal[i].publisher);
    REQUIRE((from_ring[i].text == from_journal[i].text));
    REQUIRE(from_ring[i].key == from_journal[i].key);
    REQUIRE(from_ring[i].headers == from_journal[i].headers);
    REQUIRE(from_ring[i].trace == from_journal[i].trace);
  }
  CHECK(early.lost() == 0);
  CHECK(late.lost() == 0);
}

namespace {
struct alignas(64) Aligned {
  std::uint64_t number;
  std::array<std::uint64_t, 7> square;
};
}  // namespace

TEST_CASE("typed events of a large alignment have it in the journal, too", "[journal]") {
  const JournaledBus home;
  shmbus::Bus bus = home.open();
  auto publisher = bus.publisher<Aligned>("t", small);
  auto subscriber = bus.subscriber<Aligned>("t");
  for (std::uint64_t n = 1; n <= 2000; ++n) REQUIRE(publisher.publish(Aligned{n, {n * n}}));
  std::uint64_t count = 0;
  std::vector<shmbus::RetainedEvent> retained;
  const test::Deadline deadline;
  while (count < 2000) {
    subscriber.poll([&](const Aligned& value, const Event& event) {
      ++count;
      test::require(reinterpret_cast<std::uintptr_t>(&value) % 64 == 0, "not aligned");
      test::require(value.number == count && value.square[0] == count * count, "another value");
      if (count % 100 == 0) retained.push_back(event.retain());
    });
    deadline.check("all events");
  }
  CHECK(subscriber.lost() == 0);
  CHECK(subscriber.mismatched() == 0);
  for (std::size_t i = 0; i < retained.size(); ++i) {
    const auto* value = retained[i]->as<Aligned>();
    REQUIRE(value != nullptr);
    CHECK(value->number == 100 * (i + 1));
    CHECK(retained[i]->sequence() == 100 * (i + 1));
  }
}

TEST_CASE("a slow subscriber of a journaled topic keeps no publisher waiting", "[journal]") {
  const JournaledBus home;
  shmbus::Bus bus = home.open();
  shmbus::Publisher publisher = bus.publisher("t", small);
  std::atomic<std::uint64_t> handled{0}, out_of_order{0};
  const auto subscription = bus.subscribe("t", [&](const Event& event) {
    if (event.sequence() != handled + 1) ++out_of_order;
    if (event.sequence() % 500 == 0) std::this_thread::sleep_for(1ms);
    ++handled;
  });
  publish_to(publisher, 1, 20'000);
  test::wait_until("all events to be handled", [&] { return handled == 20'000; });
  CHECK(out_of_order == 0);
}
