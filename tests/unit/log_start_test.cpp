// At which event a reader begins.

#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <numeric>
#include <thread>
#include <vector>

#include "log/ports.hpp"
#include "support/log_fixture.hpp"

using namespace test;
using shmbus::Start;
using shmbus::Status;
using Sequences = std::vector<std::uint64_t>;

namespace {

Sequences range(std::uint64_t first, std::uint64_t last) {
  Sequences s(last + 1 - first);
  std::iota(s.begin(), s.end(), first);
  return s;
}

Start start_at(std::int64_t ns) { return Start::time(shmbus::Time{std::chrono::nanoseconds{ns}}); }

/// Three events in each block: 1-3, 4-6, ...
constexpr std::size_t kThird = 1200;

void publish(LogFixture& f, TestPublisher& p, int count) {
  for (int i = 0; i < count; ++i) {
    f.world.pass_time(1000);
    REQUIRE(p.publish_bytes(kThird));
  }
}

}  // namespace

TEST_CASE("a reader of an empty log sees its first event, whatever the start", "[log][start]") {
  const Start start =
      GENERATE(Start::latest(), Start::oldest(), Start::sequence(1), Start::last(0), Start::last(5), start_at(1));
  const bool reliable = GENERATE(false, true);
  LogFixture f;
  auto& s = f.subscriber({.start = start, .reliable = reliable});
  CHECK(s.drain().empty());
  auto& p = f.publisher();
  publish(f, p, 5);
  CHECK(s.drain_sequences() == range(1, 5));
  CHECK(s.lost() == 0);
}

TEST_CASE("latest begins with the next event", "[log][start]") {
  const int before = GENERATE(range(1, 8));
  LogFixture f;
  auto& p = f.publisher();
  publish(f, p, before);
  auto& s = f.subscriber({.start = Start::latest()});
  CHECK(s.shared().words.position.load() == static_cast<std::uint64_t>(before) + 1);
  CHECK(s.drain().empty());
  publish(f, p, 2);
  CHECK(s.drain_sequences() == range(static_cast<std::uint64_t>(before) + 1, static_cast<std::uint64_t>(before) + 2));
  CHECK(s.lost() == 0);
}

TEST_CASE("latest begins with the next event also when the block is sealed and the next one is not open",
          "[log][start]") {
  LogFixture f;
  auto& p = f.publisher();
  publish(f, p, 3);
  f.place_granted(f.new_node(), f.log().block_size() - f.tail_offset(), true);
  auto& s = f.subscriber({.start = Start::latest()});
  CHECK(s.shared().words.pin.load() == 2);
  publish(f, p, 1);
  CHECK(s.drain_sequences() == Sequences{4});
}

TEST_CASE("oldest begins with the oldest retained event", "[log][start]") {
  LogFixture f;  // a ring of 4 blocks of three events
  auto& p = f.publisher();
  publish(f, p, 20);  // block 7 holds 19 and 20, blocks 4 to 7 are linked
  auto& s = f.subscriber({.start = Start::oldest()});
  CHECK(s.shared().words.position.load() == 10);
  CHECK(s.drain_sequences() == range(10, 20));
  CHECK(s.lost() == 0);
}

TEST_CASE("a sequence begins with that event", "[log][start]") {
  LogFixture f;
  auto& p = f.publisher();
  publish(f, p, 20);

  SECTION("a retained one") {
    const auto n = GENERATE(range(10, 21));
    auto& s = f.subscriber({.start = Start::sequence(static_cast<std::uint64_t>(n))});
    CHECK(s.shared().words.position.load() == static_cast<std::uint64_t>(n));
    CHECK(s.drain_sequences() == range(static_cast<std::uint64_t>(n), 20));
    CHECK(s.lost() == 0);
  }
  SECTION("events after the start that are no longer retained count as lost") {
    auto& s = f.subscriber({.start = Start::sequence(4)});
    CHECK(s.drain_sequences() == range(10, 20));
    CHECK(s.lost() == 6);
    CHECK(s.shared().words.lost.load() == 6);
  }
  SECTION("a future sequence is waited for") {
    auto& s = f.subscriber({.start = Start::sequence(25)});
    CHECK(s.shared().words.position.load() == 25);
    CHECK(s.drain().empty());
    publish(f, p, 8);
    CHECK(s.drain_sequences() == range(25, 28));
    CHECK(s.lost() == 0);
  }
  SECTION("a future sequence is waited for also when the log laps the reader before it") {
    auto& s = f.subscriber({.start = Start::sequence(25)});
    publish(f, p, 40);  // 60; blocks 17 to 20 are linked, the first of them begins with 49
    CHECK(s.drain_sequences() == range(49, 60));
    CHECK(s.lost() == 49 - 25);
  }
  SECTION("a future sequence is waited for after a lap that does not reach it") {
    auto& s = f.subscriber({.start = Start::sequence(58)});
    publish(f, p, 40);
    CHECK(s.drain_sequences() == range(58, 60));
    CHECK(s.lost() == 0);
  }
  SECTION("a claim before the start does not count as lost") {
    auto& s = f.subscriber({.start = Start::sequence(24)});
    f.place_granted(f.new_node(), 32);  // 21
    publish(f, p, 4);
    s.drain();
    f.world.pass_time(2 * f.world.stall_limit_ns);
    CHECK(s.drain_sequences() == range(24, 25));
    CHECK(s.lost() == 0);
  }
}

TEST_CASE("last(k) begins k sequences before the end", "[log][start]") {
  LogFixture f;
  auto& p = f.publisher();
  publish(f, p, 20);
  CHECK(f.subscriber({.start = Start::last(0)}).drain().empty());
  CHECK(f.subscriber({.start = Start::last(1)}).drain_sequences() == Sequences{20});
  CHECK(f.subscriber({.start = Start::last(5)}).drain_sequences() == range(16, 20));
  auto& more = f.subscriber({.start = Start::last(15)});
  CHECK(more.drain_sequences() == range(10, 20));
  CHECK(more.lost() == 0);
  CHECK(f.subscriber({.start = Start::last(1000)}).drain_sequences() == range(10, 20));
}

TEST_CASE("a start at a time begins with the first event of that time or later", "[log][start]") {
  LogFixture f;
  auto& p = f.publisher();
  const std::int64_t zero = f.world.system_ns;
  publish(f, p, 20);  // event n at zero + n * 1000
  const auto n = GENERATE(range(10, 20));
  CHECK(f.subscriber({.start = start_at(zero + n * 1000)}).drain_sequences() ==
        range(static_cast<std::uint64_t>(n), 20));
  CHECK(f.subscriber({.start = start_at(zero + n * 1000 - 999)}).drain_sequences() ==
        range(static_cast<std::uint64_t>(n), 20));
  CHECK(f.subscriber({.start = start_at(zero)}).drain_sequences() == range(10, 20));
  auto& future = f.subscriber({.start = start_at(zero + 21 * 1000)});
  CHECK(future.drain().empty());
  publish(f, p, 1);
  CHECK(future.drain_sequences() == Sequences{21});
  CHECK(future.lost() == 0);
}

TEST_CASE("a start at a time finds an event that was stamped before its block was opened", "[log][start]") {
  LogFixture f;
  auto& p = f.publisher();
  publish(f, p, 6);
  auto& slow = f.publisher();
  const std::int64_t before = f.world.system_ns;
  const auto claim = slow.claim(kThird);  // event 7, block 3
  f.world.system_ns -= 5000;
  slow.writer->commit(claim);  // stamped before block 3 was opened
  f.world.system_ns = before;
  publish(f, p, 3);
  // Events 5 and 6 have the times `before - 1000` and `before`, 7 has `before - 5000`, 2 has `before - 4000`.
  CHECK(f.subscriber({.start = start_at(before - 4500)}).drain_sequences() == range(2, 10));
  CHECK(f.subscriber({.start = start_at(before)}).drain_sequences() == range(6, 10));
}

TEST_CASE("without time stamps a start at a time begins with the oldest event", "[log][start]") {
  LogFixture f({.timestamps = false});
  auto& p = f.publisher();
  publish(f, p, 20);
  CHECK(f.subscriber({.start = start_at(f.world.system_ns)}).drain_sequences() == range(10, 20));
}

TEST_CASE("no event before the start is handed out, however many lie before it", "[log][start]") {
  // A poll passes over a bounded number of events.
  LogFixture f({.block_size = 4 << 20, .blocks = 2});
  auto& p = f.publisher();
  constexpr std::uint64_t kEvents = 100'000;
  std::uint64_t published = 0;
  for (std::uint64_t i = 0; i < kEvents; ++i) published += p.publish({}) ? 1 : 0;
  REQUIRE(published == kEvents);

  SECTION("by sequence") {
    auto& s = f.subscriber({.start = Start::sequence(kEvents - 2)});
    const Sequences seen = s.drain_sequences();
    CHECK(seen.size() == 3);
    CHECK(seen.front() == kEvents - 2);
  }
  SECTION("by time") {
    f.world.pass_time(1000);
    REQUIRE(p.publish({}));
    auto& s = f.subscriber({.start = start_at(f.world.system_ns)});
    const Sequences seen = s.drain_sequences();
    CHECK(seen.size() == 1);
    CHECK(seen.front() == kEvents + 1);
  }
}

TEST_CASE("a reader that starts at a sequence while others publish misses nothing", "[log][start]") {
  LogFixture f({.block_size = 64 << 10, .blocks = 512});
  auto& p = f.publisher();
  p.publish({});
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> published{1};
  constexpr std::uint64_t kEvents = 1'000'000;  // all of them are retained
  std::thread publisher([&] {
    while (!stop && published < kEvents) published = p.publish({}).sequence();
  });
  std::uint64_t wrong = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const std::uint64_t wanted = published + i % 16;  // just published, or about to be
    if (wanted > kEvents) break;
    TestSubscriber s(f.memory, f.world, 3000, {.start = Start::sequence(wanted), .reliable = true});
    std::vector<Seen> seen;
    while (seen.empty() && published < kEvents) seen = s.poll(1);
    if ((!seen.empty() && seen[0].sequence != wanted) || s.lost() != 0) ++wrong;
    shmbus::log::detach_subscriber(s.log, s.port);
  }
  stop = true;
  publisher.join();
  CHECK(wrong == 0);
}

TEST_CASE("a reader that starts at the oldest event while the first ones are published misses nothing",
          "[log][start]") {
  std::uint64_t wrong = 0;
  for (int i = 0; i < 100; ++i) {
    LogFixture f({.block_size = 4096, .blocks = 64});
    auto& p = f.publisher();
    std::atomic<bool> about_to_link{false};
    f.world.on_now = [&] { about_to_link = true; };
    std::thread publisher([&] {
      for (int k = 0; k < 20; ++k) p.publish({});
    });
    while (!about_to_link) {
    }
    for (int k = 0; k < i % 16; ++k) shmbus::platform::pause();
    auto& s = f.subscriber({.start = Start::oldest(), .reliable = true});
    publisher.join();
    if (s.drain_sequences() != range(1, 20) || s.lost() != 0) ++wrong;
  }
  CHECK(wrong == 0);
}
