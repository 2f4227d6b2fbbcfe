// Processes that record a topic are killed, stopped, and closed: another one goes on, and every event is recorded once.

#include <algorithm>
#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "journal_fixture.hpp"
#include "layout/journal.hpp"
#include "layout/topic.hpp"
#include "support/shared_value.hpp"

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

constexpr std::size_t authors = 2;

shmbus::TopicOptions small(Journal journal) {
  return {.block_size = 4096, .blocks = 4, .journal = journal, .segment_file = 1 << 20};
}

struct Shared {
  std::atomic<bool> enough{false};
  std::array<std::atomic<std::uint64_t>, authors> published{};
};

void publish_until_enough(const JournaledBus& home, std::uint64_t self, Shared& shared, Journal journal,
                          Record record) {
  shmbus::Bus member = home.open(record);
  shmbus::Publisher publisher = member.publisher("t", small(journal));
  for (std::uint64_t n = 1; !shared.enough; ++n) {
    const auto result = test::publish_numbered(publisher, self, n);
    test::require(result.status() == Status::ok, std::string{"publishing gave "} + shmbus::to_string(result.status()));
    shared.published[self].store(n);
    if (n % 64 == 0) std::this_thread::sleep_for(100us);
  }
}

/// The pid of the process that records, as soon as one does.
pid_t recorder_of(const JournaledBus& home, pid_t except = 0) {
  pid_t pid = 0;
  test::wait_until("a process that records", [&] {
    const auto journal = home.journal("t");
    if (journal.alive && journal.state == shmbus::RecorderState::recording) pid = journal.pid;
    return pid != 0 && pid != except;
  });
  return pid;
}

/// Reads all of the topic, and checks that each event of the authors is there once. *Requires* that nobody uses the bus.
void check_all_is_there(const JournaledBus& home, Shared& shared) {
  shmbus::Bus bus = home.open();
  shmbus::Publisher last = bus.publisher("t");
  const auto end = test::publish_numbered(last, 0xfe, 1);
  REQUIRE(end);
  REQUIRE(last.wait_durable(end.sequence(), test::patience) == Status::ok);
  shmbus::Subscriber subscriber = bus.subscriber("t", {.start = Start::oldest()});
  test::NumberedReading reading;
  test::poll_until(subscriber, "the last event", std::ref(reading),
                   [&] { return reading.sequence() >= end.sequence(); });
  CHECK(reading.first() == 1);
  CHECK(reading.events() <= end.sequence());
  for (std::size_t i = 0; i < authors; ++i) {
    CHECK(reading.last(i) == shared.published[i]);
    CHECK(reading.gaps(i) == 0);
  }
  CHECK(subscriber.lost() == 0);
  CHECK(home.journal("t").missing == 0);
}

/// A process that publishes, and records when it is its turn, until it is killed.
ForkedProcess victim(const JournaledBus& home, Journal journal) {
  static std::uint64_t made = 0;
  const std::uint64_t self = 0x80 + made++ % 0x40;
  return ForkedProcess{[&home, journal, self](const Parent& parent) {
    shmbus::Bus member = home.open();
    shmbus::Publisher publisher = member.publisher("t", small(journal));
    parent.say();
    for (std::uint64_t n = 1;; ++n) {
      test::publish_numbered(publisher, self,
                             static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count()));
      std::this_thread::sleep_for(20us);
    }
  }};
}

}  // namespace

TEST_CASE("every event is recorded once, however often the recording process is killed", "[journal]") {
  const auto journal = GENERATE(Journal::page_cache(), Journal::batch());
  const JournaledBus home;
  const test::SharedValue<Shared> shared;
  shmbus::Bus bus = home.open(Record::none);
  std::vector<ForkedProcess> others;
  std::optional<ForkedProcess> recorder;
  recorder.emplace(victim(home, journal));
  recorder->hear();
  recorder_of(home);
  for (std::uint64_t i = 0; i < authors; ++i) {
    // One of them records when the victim is gone, until it is killed itself.
    others.emplace_back([&, i](const Parent&) { publish_until_enough(home, i, *shared, journal, Record::none); });
  }
  std::mt19937 random{Catch::rngSeed()};
  std::chrono::steady_clock::duration longest{};
  for (unsigned round = 0; round < 100 / test::slowness; ++round) {
    ForkedProcess next = victim(home, journal);
    next.hear();
    std::this_thread::sleep_for(std::chrono::microseconds{random() % 8'000});
    const pid_t pid = recorder_of(home);
    CHECK(pid == recorder->pid());
    const auto killed = std::chrono::steady_clock::now();
    recorder->kill();
    CHECK(recorder_of(home, pid) == next.pid());
    longest = std::max(longest, std::chrono::steady_clock::now() - killed);
    recorder.emplace(std::move(next));
  }
  WARN("the longest hand-over took " << std::chrono::duration_cast<std::chrono::microseconds>(longest).count()
                                     << " us");
  shared->enough = true;
  for (ForkedProcess& other : others) CHECK(other.wait() == test::End{});
  recorder->kill();
  check_all_is_there(home, *shared);
}

TEST_CASE("authors that record in turn lose nothing when one after the other is killed", "[journal]") {
  const JournaledBus home;
  const test::SharedValue<Shared> shared;
  const auto journal = Journal::page_cache();
  shmbus::Bus bus = home.open(Record::none);
  std::vector<ForkedProcess> steady;
  std::vector<std::optional<ForkedProcess>> victims(3);
  for (std::uint64_t i = 0; i < authors; ++i)
    steady.emplace_back([&, i](const Parent&) { publish_until_enough(home, i, *shared, journal, Record::own); });
  test::wait_until("both authors to publish", [&] { return shared->published[0] > 0 && shared->published[1] > 0; });
  std::mt19937 random{Catch::rngSeed()};
  for (unsigned round = 0; round < 60 / test::slowness; ++round) {
    for (auto& v : victims) {
      if (v) continue;
      v.emplace(victim(home, journal));
      v->hear();
    }
    std::this_thread::sleep_for(std::chrono::microseconds{random() % 5'000});
    victims[random() % victims.size()].reset();
    if (round % 8 == 0) {  // all but the steady ones at once
      for (auto& v : victims) v.reset();
    }
  }
  victims.clear();
  shared->enough = true;
  for (ForkedProcess& author : steady) CHECK(author.wait() == test::End{});
  check_all_is_there(home, *shared);
}

TEST_CASE("a recorder that finds the ring full of recorded events moves the gate", "[journal]") {
  const JournaledBus home;
  shmbus::TopicOptions options{.block_size = 4096, .blocks = 4, .journal = Journal::page_cache()};
  options.unrecorded_limit = std::chrono::hours{1};
  const std::string payload(64, 'x');
  {
    shmbus::Bus bus = home.open();
    shmbus::Publisher publisher = bus.publisher("t", options);
    for (int i = 0; i < 400; ++i) REQUIRE(publisher.publish(payload));
  }
  const test::Segments segments{home.name()};
  const std::string control = segments.control("t");
  const auto words = test::read_at<std::uint64_t>(control, offsetof(shmbus::layout::TopicHeader, extensions) + 8);
  const std::uint64_t gate = words + offsetof(shmbus::layout::JournalWords, gate);
  const auto newest = test::read_at<std::uint64_t>(control, gate);
  REQUIRE(newest > 4);
  // Where it would stand if the recorder had died between its last write and the move of the gate.
  test::overwrite(control, gate, newest - 3);
  {
    shmbus::Bus bus = home.open(Record::none);
    shmbus::Publisher publisher = bus.publisher("t");
    while (publisher.try_publish(payload)) {
    }
  }
  { const shmbus::Publisher records = home.open().publisher("t"); }  // until the last event, which fills the block
  test::overwrite(control, gate, newest - 3);
  shmbus::Bus bus = home.open();
  shmbus::Publisher publisher = bus.publisher("t");
  CHECK(publisher.publish_for(std::chrono::seconds{60}, payload));
}

TEST_CASE("a stopped recorder holds publishers back, and loses nothing", "[journal]") {
  const JournaledBus home;
  const test::SharedValue<Shared> shared;
  const auto journal = Journal::page_cache();
  ForkedProcess recorder{[&](const Parent& parent) {
    shmbus::Bus member = home.open();
    member.topic("t", small(journal));
    parent.say();
    parent.hear();
  }};
  recorder.hear();
  recorder_of(home);
  shmbus::Bus bus = home.open(Record::none);
  std::vector<ForkedProcess> steady;
  for (std::uint64_t i = 0; i < authors; ++i)
    steady.emplace_back([&, i](const Parent&) { publish_until_enough(home, i, *shared, journal, Record::none); });
  for (unsigned round = 0; round < 5; ++round) {
    const std::uint64_t before = shared->published[0];
    test::wait_until("an author to go on", [&] { return shared->published[0] > before + 200; });
    recorder.stop();
    test::wait_until("publishers to be held", [&] { return home.journal("t").holding; });
    const std::uint64_t held[] = {shared->published[0], shared->published[1]};
    std::this_thread::sleep_for(20ms);
    CHECK(shared->published[0] == held[0]);
    CHECK(shared->published[1] == held[1]);
    recorder.resume();
  }
  shared->enough = true;
  for (ForkedProcess& author : steady) CHECK(author.wait() == test::End{});
  recorder.say();
  CHECK(recorder.wait() == test::End{});
  check_all_is_there(home, *shared);
}

TEST_CASE("a stopped recorder does not hold back the publishers of a topic that skips", "[journal]") {
  const JournaledBus home;
  shmbus::TopicOptions options = small(Journal::page_cache());
  options.when_behind = shmbus::WhenBehind::skip;
  ForkedProcess recorder{[&](const Parent& parent) {
    shmbus::Bus member = home.open();
    member.topic("t", options);
    parent.say();
    parent.hear();
  }};
  recorder.hear();
  recorder_of(home);
  shmbus::Bus bus = home.open(Record::none);
  shmbus::Publisher publisher = bus.publisher("t");
  std::uint64_t n = 0, sequence = 0;
  for (unsigned round = 0; round < 5; ++round) {
    recorder.stop();
    for (unsigned i = 0; i < 1000; ++i) sequence = test::publish_numbered(publisher, 1, ++n).sequence();
    recorder.resume();
    CHECK(publisher.wait_durable(sequence, test::patience) == Status::ok);
  }
  CHECK(sequence == n);
  const auto journal = home.journal("t");
  CHECK(journal.missing > 0);
  CHECK(journal.missing < n);
  CHECK(publisher.wait_durable(journal.missing_end, test::patience) == Status::not_recorded);
  CHECK(publisher.wait_durable(journal.missing_end + 1, test::patience) == Status::ok);
  shmbus::Subscriber subscriber = bus.subscriber("t", {.start = Start::sequence(1)});
  test::NumberedReading reading;
  test::poll_until(subscriber, "the last event", std::ref(reading), [&] { return reading.sequence() >= sequence; });
  CHECK(subscriber.lost() == sequence - reading.events());
  CHECK(reading.gaps(1) == subscriber.lost());
  // The newest missing stretch may still be in the ring's memory for nobody: what is missing in the journal is lost.
  CHECK(subscriber.lost() == journal.missing);
  recorder.say();
  CHECK(recorder.wait() == test::End{});
}

TEST_CASE("a process that closes its bus hands recording over at once", "[journal]") {
  const JournaledBus home;
  const test::SharedValue<Shared> shared;
  const auto journal = Journal::page_cache();
  shmbus::Bus bus = home.open(Record::none);
  std::vector<ForkedProcess> steady;
  for (std::uint64_t i = 0; i < authors; ++i)
    steady.emplace_back([&, i](const Parent&) { publish_until_enough(home, i, *shared, journal, Record::none); });
  ForkedProcess polite{[&](const Parent& parent) {
    std::optional<shmbus::Bus> one, two;
    one.emplace(home.open());
    one->topic("t", small(journal));
    parent.say();
    std::chrono::steady_clock::duration longest{};
    for (unsigned round = 0; round < 50; ++round) {
      two.emplace(home.open());
      two->topic("t", small(journal));
      std::this_thread::sleep_for(2ms);
      const std::uint64_t before = one->node();
      one.reset();
      const auto closed = std::chrono::steady_clock::now();
      test::wait_until("the other to record", [&] {
        const auto j = home.journal("t");
        return j.node == two->node() && j.state == shmbus::RecorderState::recording;
      });
      longest = std::max(longest, std::chrono::steady_clock::now() - closed);
      test::require(two->node() != before, "the same node");
      one.swap(two);
    }
    parent.say(static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(longest).count()));
    parent.hear();
  }};
  polite.hear();
  WARN("the longest hand-over took " << polite.hear() << " us");
  shared->enough = true;
  for (ForkedProcess& author : steady) CHECK(author.wait() == test::End{});
  polite.say();
  CHECK(polite.wait() == test::End{});
  check_all_is_there(home, *shared);
}

TEST_CASE("without a process that records, publishers wait for a while and go on, and the journal names what it misses",
          "[journal]") {
  const JournaledBus home;
  const auto journal = GENERATE(Journal::page_cache(), Journal::batch());
  shmbus::TopicOptions options = small(journal);
  options.unrecorded_limit = 300ms;
  shmbus::Bus bus = home.open(Record::none);
  shmbus::Publisher publisher = bus.publisher("t", options);
  shmbus::Subscriber laggard = bus.subscriber("t");
  std::uint64_t n = 0, sequence = 0;
  for (unsigned phase = 0; phase < 3; ++phase) {
    CAPTURE(phase);
    const auto began = std::chrono::steady_clock::now();
    for (unsigned i = 0; i < 500; ++i) sequence = test::publish_numbered(publisher, 1, ++n).sequence();
    CHECK(std::chrono::steady_clock::now() - began >= 300ms);
    CHECK(sequence == n);
    CHECK(home.journal("t").state == shmbus::RecorderState::none);
    CHECK_FALSE(publisher.durable(sequence));
    CHECK(publisher.wait_durable(sequence, 10ms) == Status::timed_out);

    ForkedProcess recorder{[&](const Parent& parent) {
      shmbus::Bus member = home.open();
      member.topic("t");
      parent.say();
      parent.hear();
    }};
    recorder.hear();
    CHECK(publisher.wait_durable(sequence, test::patience) == Status::ok);
    const auto j = home.journal("t");
    CHECK(j.missing > 0);
    CHECK(j.missing_end < sequence);
    CHECK(publisher.wait_durable(j.missing_end, test::patience) == Status::not_recorded);
    CHECK_FALSE(publisher.durable(j.missing_end));
    CHECK(publisher.wait_durable(j.missing_end + 1, test::patience) == Status::ok);
    CHECK(publisher.durable(j.missing_end + 1));
    // From here on nothing is missing.
    for (unsigned i = 0; i < 500; ++i) sequence = test::publish_numbered(publisher, 1, ++n).sequence();
    CHECK(publisher.wait_durable(sequence, test::patience) == Status::ok);
    CHECK(home.journal("t").missing == j.missing);

    for (const Start start : {Start::sequence(1), Start::oldest()}) {
      shmbus::Subscriber subscriber = bus.subscriber("t", {.start = start});
      test::NumberedReading reading;
      test::poll_until(subscriber, "the last event", std::ref(reading), [&] { return reading.sequence() >= sequence; });
      CHECK(reading.events() == sequence - j.missing);
      CHECK(subscriber.lost() + reading.first() - 1 ==
            (start.kind() == Start::Kind::sequence ? j.missing + reading.first() - 1 : j.missing));
      CHECK(reading.gaps(1) == j.missing);
    }
    if (phase % 2 == 0) {
      recorder.kill();
    } else {
      recorder.say();
      CHECK(recorder.wait() == test::End{});
    }
  }
  test::NumberedReading reading;
  test::poll_until(laggard, "the last event", std::ref(reading), [&] { return reading.sequence() >= sequence; });
  CHECK(laggard.lost() == home.journal("t").missing);
  CHECK(reading.gaps(1) == laggard.lost());
}
