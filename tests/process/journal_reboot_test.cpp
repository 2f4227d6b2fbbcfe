// The machine's end takes its memory; the journals bring a bus's topics back.

#include <algorithm>
#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "journal_fixture.hpp"

using namespace std::chrono_literals;
using shmbus::Event;
using shmbus::Journal;
using shmbus::Journals;
using shmbus::Record;
using shmbus::Start;
using shmbus::Status;
using test::ForkedProcess;
using test::JournaledBus;
using test::Parent;

namespace {

const shmbus::TopicOptions small{
    .block_size = 4096, .blocks = 4, .journal = Journal::page_cache(), .segment_file = 1 << 20};

struct Order {
  std::uint64_t number;
  double price;
};

/// Reads a topic from its oldest event to `last`.
test::NumberedReading read_all(shmbus::Bus& bus, const std::string& topic, std::uint64_t last) {
  shmbus::Subscriber subscriber = bus.subscriber(topic, {.start = Start::oldest()});
  test::NumberedReading reading;
  test::poll_until(subscriber, "the last event", std::ref(reading), [&] { return reading.sequence() >= last; });
  test::require(subscriber.lost() == 0, "lost events");
  return reading;
}

}  // namespace

TEST_CASE("topics come back after the machine's end as they were", "[journal]") {
  const JournaledBus home;
  const bool killed = GENERATE(false, true);
  shmbus::TopicOptions exotic{.block_size = 8192,
                              .blocks = 8,
                              .timestamps = false,
                              .writers = shmbus::Writers::exclusive,
                              .mode = 0640,
                              .accept_raw = true,
                              .journal = Journal::interval(7ms),
                              .retain = {.bytes = 64 << 20, .age = 1h},
                              .when_behind = shmbus::WhenBehind::skip,
                              .unrecorded_limit = 3s,
                              .segment_file = 2 << 20};
  std::map<std::string, shmbus::TopicInfo> before;
  std::map<std::string, std::uint64_t> last;
  shmbus::EventId middle{};
  std::uint64_t sequence = 0;
  for (unsigned life = 0; life < 4; ++life) {
    CAPTURE(life, killed);
    ForkedProcess process{[&](const Parent& parent) {
      shmbus::Bus bus = home.open();
      shmbus::Publisher t = bus.publisher("t", small);
      auto orders = bus.publisher<Order>("orders", small);
      auto exclusive = bus.publisher<Order>("exclusive", exotic);
      bus.topic("untyped", small);
      bus.publisher("unjournaled").publish("x");
      for (std::uint64_t n = 1; n <= 1000; ++n) {
        const std::uint64_t s = test::publish_numbered(t, 1, life * 1000 + n).sequence();
        test::require(s > sequence, "a number that was given out before");
        sequence = s;
        test::require(orders.publish(Order{life * 1000 + n, 0.5}).status() == Status::ok, "not published");
        test::require(exclusive.publish(Order{life * 1000 + n, 0.5}).status() == Status::ok, "not published");
      }
      const std::uint64_t o = orders.publish(Order{0, 1}).sequence(), e = exclusive.publish(Order{0, 1}).sequence();
      test::require(t.wait_durable(sequence, test::patience) == Status::ok, "not durable");
      test::require(orders.wait_durable(o, test::patience) == Status::ok, "not durable");
      test::require(exclusive.wait_durable(e, test::patience) == Status::ok, "not durable");
      parent.say(sequence);
      parent.hear();
    }};
    sequence = process.hear();
    {
      shmbus::Bus bus = home.open(Record::none);
      for (const std::string topic : {"t", "orders", "exclusive", "untyped"}) {
        const auto info = bus.find_topic(topic);
        REQUIRE(info);
        if (life == 0) {
          before.emplace(topic, *info);
          continue;
        }
        const shmbus::TopicInfo& was = before.at(topic);
        CHECK(info->block_size == was.block_size);
        CHECK(info->blocks == was.blocks);
        CHECK(info->timestamps == was.timestamps);
        CHECK(info->writers == was.writers);
        CHECK(info->mode == was.mode);
        CHECK(info->accepts_raw == was.accepts_raw);
        CHECK((info->journal == was.journal));
        CHECK((info->retain == was.retain));
        CHECK((info->when_behind == was.when_behind));
        CHECK((info->unrecorded_limit == was.unrecorded_limit));
        CHECK(info->segment_file == was.segment_file);
        CHECK(info->type_name == was.type_name);
        CHECK(info->type_layout == was.type_layout);
        CHECK(info->type_fields == was.type_fields);
      }
      if (life == 0) {
        shmbus::Subscriber subscriber = bus.subscriber("t", {.start = Start::oldest()});
        std::uint64_t seen = 0;
        test::poll_until(
            subscriber, "event 500",
            [&](const Event& event) {
              if (++seen == 500) middle = event.id();
            },
            [&] { return seen >= 500; });
      }
    }
    if (killed) {
      process.kill();
    } else {
      process.say();
      REQUIRE(process.wait() == test::End{});
    }
    home.reboot();
  }
  shmbus::Bus bus = home.open();
  CHECK_FALSE(bus.find_topic("unjournaled"));
  CHECK(bus.find_topic("untyped"));
  auto reading = read_all(bus, "t", sequence);
  CHECK(reading.events() == 4000);
  CHECK(reading.gaps(1) == 0);
  // A position of the first life.
  shmbus::Subscriber resumed = bus.subscriber("t", {.start = Start::after(middle)});
  test::NumberedReading rest;
  test::poll_until(resumed, "the rest", std::ref(rest), [&] { return rest.sequence() >= sequence; });
  CHECK(rest.first() == middle.sequence + 1);
  CHECK(rest.events() == 3500);
  CHECK(resumed.lost() == 0);
  // Types are known.
  auto orders = bus.subscriber<Order>("exclusive", {.start = Start::oldest()});
  std::uint64_t count = 0;
  const test::Deadline deadline;
  while (count < 4004) {
    orders.poll([&](const Order&) { ++count; });
    deadline.check("all orders");
  }
  CHECK(orders.mismatched() == 0);
  CHECK_THROWS_AS(bus.publisher("orders"), shmbus::Error);
}

TEST_CASE("numbers are given once, whatever is killed, and whenever the machine ends", "[journal]") {
  const JournaledBus home;
  const auto journal = GENERATE(Journal::page_cache(), Journal::interval(10ms), Journal::batch());
  auto options = small;
  options.journal = journal;
  std::mt19937 random{Catch::rngSeed()};
  std::uint64_t highest = 0, durable = 0;
  for (unsigned life = 0; life < 60 / test::slowness; ++life) {
    const auto record = life % 3 == 2 ? Record::none : Record::own;
    ForkedProcess process{[&](const Parent& parent) {
      shmbus::Bus bus = home.open(record);
      shmbus::Publisher t = bus.publisher("t", options);
      parent.say(t.publish("").sequence());
      for (std::uint64_t n = 1;; ++n) {
        const auto result = t.publish_for(1ms, std::string_view("some text"));
        if (result && n % 8 == 0) {
          const bool is_durable = t.durable(result.sequence());
          parent.say(result.sequence() << 1 | (is_durable ? 1 : 0));
          if (n > 300) break;
        }
      }
      parent.hear();
    }};
    const std::uint64_t first = process.hear();
    CHECK(first > highest);
    highest = std::max(highest, first);
    try {
      for (std::uint64_t i = random() % 20; i > 0 && record == Record::own; --i) {
        const std::uint64_t word = process.hear();
        highest = std::max(highest, word >> 1);
        if ((word & 1) != 0) durable = word >> 1;
      }
    } catch (const std::exception&) {
    }
    std::this_thread::sleep_for(std::chrono::microseconds{random() % 2'000});
    if (life % 4 != 3) {  // else the same memory goes on
      process.kill();
      home.reboot();
    }
  }
  home.reboot();
  shmbus::Bus bus = home.open();
  shmbus::Publisher t = bus.publisher("t");
  const auto end = t.publish("the end");
  CHECK(end.sequence() > highest);
  shmbus::Subscriber subscriber = bus.subscriber("t", {.start = Start::oldest()});
  std::uint64_t last = 0;
  bool durable_seen = durable == 0;
  test::poll_until(
      subscriber, "the last event",
      [&](const Event& event) {
        test::require(event.sequence() > last, "out of order");
        last = event.sequence();
        durable_seen = durable_seen || last == durable;
      },
      [&] { return last == end.sequence(); });
  CHECK(durable_seen);
  CHECK(subscriber.lost() == 0);
}

TEST_CASE("a process killed while it brings topics back leaves the rest to the next one", "[journal]") {
  const JournaledBus home;
  constexpr unsigned topics = 12;
  std::array<std::uint64_t, topics> last{};
  const auto name = [](unsigned i) { return "topic." + std::to_string(i); };
  {
    shmbus::Bus bus = home.open();
    for (unsigned i = 0; i < topics; ++i) {
      shmbus::Publisher publisher = bus.publisher(name(i), small);
      for (std::uint64_t n = 1; n <= 100 + i; ++n) last[i] = test::publish_numbered(publisher, 1, n).sequence();
      REQUIRE(publisher.wait_durable(last[i], test::patience) == Status::ok);
    }
  }
  std::mt19937 random{Catch::rngSeed()};
  for (unsigned round = 0; round < 150 / test::slowness; ++round) {
    // Mostly one after the other, until one has brought all back; sometimes two at once.
    if (round % 5 == 0) home.reboot();
    ForkedProcess one{[&](const Parent&) {
      shmbus::Bus bus = home.open(round % 2 == 0 ? Record::own : Record::none);
      for (;;) std::this_thread::sleep_for(1s);
    }};
    std::optional<ForkedProcess> two;
    if (round % 3 == 0) two.emplace([&](const Parent&) { shmbus::Bus bus = home.open(); });
    std::this_thread::sleep_for(std::chrono::microseconds{random() % 10'000});
    one.kill();
    if (two) CHECK(two->wait() == test::End{});
    if (round % 5 != 4) continue;
    shmbus::Bus bus = home.open();
    for (unsigned i = 0; i < topics; ++i) {
      CAPTURE(round, i);
      const auto info = bus.find_topic(name(i));
      REQUIRE(info);
      CHECK((info->journal == small.journal));
      shmbus::Publisher publisher = bus.publisher(name(i));
      const auto next = test::publish_numbered(publisher, 1, 101 + i + round / 5);
      CHECK(next.sequence() > last[i]);
      last[i] = next.sequence();
      auto reading = read_all(bus, name(i), last[i]);
      CHECK(reading.events() == 101 + i + round / 5);
      CHECK(reading.gaps(1) == 0);
    }
  }
}

TEST_CASE("what was removed is not brought back, and a topic made anew goes on with its numbering", "[journal]") {
  const JournaledBus home;
  const auto journals = GENERATE(Journals::keep, Journals::erase);
  const bool whole_bus = GENERATE(false, true);
  const bool recorded_elsewhere = GENERATE(false, true);
  CAPTURE(journals == Journals::erase, whole_bus, recorded_elsewhere);
  std::uint64_t last = 0;
  shmbus::EventId first{};
  {
    ForkedProcess recorder{[&](const Parent& parent) {
      if (!recorded_elsewhere) return;
      shmbus::Bus member = home.open();
      member.topic("t", small);
      member.topic("other", small);
      parent.say();
      parent.hear();
    }};
    if (recorded_elsewhere) recorder.hear();
    shmbus::Bus bus = home.open(recorded_elsewhere ? Record::none : Record::own);
    shmbus::Publisher publisher = bus.publisher("t", small), other = bus.publisher("other", small);
    shmbus::Subscriber subscriber = bus.subscriber("t");
    for (std::uint64_t n = 1; n <= 1000; ++n) {
      last = test::publish_numbered(publisher, 1, n).sequence();
      test::publish_numbered(other, 1, n);
    }
    subscriber.poll([&](const Event& event) { first = event.id(); }, 1);
    if (whole_bus) {
      CHECK(shmbus::Bus::remove(home.name(), journals));
    } else {
      CHECK(bus.remove_topic("t", journals));
      CHECK_FALSE(bus.find_topic("t"));
    }
    CHECK(publisher.publish("x").status() == Status::closed);
    if (recorded_elsewhere) {
      recorder.say();
      CHECK(recorder.wait() == test::End{});
    }
  }
  if (journals == Journals::erase) CHECK_FALSE(std::filesystem::exists(home.folder("t")));
  if (journals == Journals::keep) CHECK(std::filesystem::exists(home.folder("t")));
  if (!whole_bus) home.reboot();
  shmbus::Bus bus = home.open();
  CHECK_FALSE(bus.find_topic("t"));
  CHECK(bus.find_topic("other").has_value() == !whole_bus);
  shmbus::Publisher publisher = bus.publisher("t", small);
  const auto next = test::publish_numbered(publisher, 2, 1);
  if (journals == Journals::erase) {
    CHECK(next.sequence() == 1);
    CHECK(read_all(bus, "t", 1).events() == 1);
  } else {
    CHECK(next.sequence() == last + 1);  // it was closed in order, so nothing is unknown
    CHECK(read_all(bus, "t", last + 1).events() == 1001);
    CHECK_THROWS_AS(bus.subscriber("t", {.start = Start::after(first)}), shmbus::Error);
  }
}

TEST_CASE("a bus that can't bring its topics back says why, and the next one may", "[journal]") {
  const JournaledBus home;
  {
    shmbus::Bus bus = home.open();
    shmbus::Publisher publisher = bus.publisher("t", small);
    REQUIRE(publisher.wait_durable(test::publish_numbered(publisher, 1, 1).sequence(), test::patience) == Status::ok);
  }
  home.reboot();
  std::filesystem::rename(home.folder("t") + "/numbers", home.folder("t") + "/elsewhere");
  std::filesystem::create_directory(home.folder("t") + "/numbers");
  try {
    home.open();
    FAIL("opened, without its topic");
  } catch (const shmbus::Error& error) {
    CHECK(std::string(error.what()).find("numbers") != std::string::npos);
  }
  std::filesystem::remove(home.folder("t") + "/numbers");
  std::filesystem::rename(home.folder("t") + "/elsewhere", home.folder("t") + "/numbers");
  shmbus::Bus bus = home.open();
  CHECK(read_all(bus, "t", 1).events() == 1);
}
