// A clock that jumps does no harm. A leap forward counts as time that passed; after a step back, waits start anew.

#include <catch2/catch.hpp>
#include <numeric>
#include <vector>

#include "log/gate.hpp"
#include "support/log_fixture.hpp"

using namespace test;
using shmbus::Start;
using shmbus::Status;
using Sequences = std::vector<std::uint64_t>;

namespace {

constexpr std::uint64_t kHour = 3'600'000'000'000;
constexpr std::uint64_t kLimit = 10'000'000;  // until demotion
constexpr std::size_t kSize = 8;
constexpr std::size_t kThird = 1200;  // three such events fill a block

Sequences range(std::uint64_t first, std::uint64_t last) {
  Sequences s(last + 1 - first);
  std::iota(s.begin(), s.end(), first);
  return s;
}

Start start_at(std::int64_t ns) { return Start::time(shmbus::Time{std::chrono::nanoseconds{ns}}); }

/// A log whose clock has been running for a day.
struct ClockFixture : LogFixture {
  explicit ClockFixture(const LogOptions& options = {}) : LogFixture(options) { world.monotonic_ns = 24 * kHour; }
};

}  // namespace

TEST_CASE("when the clock is set back while a reader waits at an open claim, the stall limit starts anew",
          "[log][clock]") {
  ClockFixture f;
  auto& p = f.publisher();
  auto& slow = f.publisher();
  auto& s = f.subscriber();
  const auto claim = slow.claim(kSize);
  p.publish_bytes(kSize);
  CHECK(s.drain().empty());
  f.world.pass_time(f.world.stall_limit_ns / 2);
  CHECK(s.drain().empty());

  f.world.monotonic_ns -= kHour;
  CHECK(s.drain().empty());
  CHECK(s.lost() == 0);
  f.world.pass_time(f.world.stall_limit_ns / 2);
  CHECK(s.drain().empty());
  CHECK(s.lost() == 0);
  SECTION("a commit in time is seen") {
    slow.writer->commit(claim);
    CHECK(s.drain_sequences() == range(1, 2));
  }
  SECTION("a claim that stays open is passed") {
    f.world.pass_time(f.world.stall_limit_ns);
    CHECK(s.drain_sequences() == Sequences{2});
    CHECK(s.lost() == 1);
  }
}

TEST_CASE("a clock set back does not make a log corrupt", "[log][clock]") {
  ClockFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber({.reliable = GENERATE(false, true)});
  p.publish_bytes(kSize);
  const std::uint64_t end = f.log().tail().load();
  f.place_tail(f.log().format().after(end, 32));  // the tail has moved, and no claim is visible yet
  CHECK(s.drain_sequences() == Sequences{1});
  f.world.monotonic_ns -= kHour;
  CHECK(s.drain().empty());
  CHECK(s.status() == Status::ok);
  f.place_tail(end);
  p.publish_bytes(kSize);
  CHECK(s.drain_sequences() == Sequences{2});
}

TEST_CASE("after a leap forward a lossy reader passes only the claim it waits at, and a reliable reader loses nothing",
          "[log][clock]") {
  ClockFixture f;
  auto& p = f.publisher();
  auto& slow = f.publisher();
  auto &lossy = f.subscriber(), &reliable = f.subscriber({.reliable = true});
  const auto claim = slow.claim(kSize);
  p.publish_bytes(kSize);
  CHECK(lossy.drain().empty());
  CHECK(reliable.drain().empty());
  f.world.pass_time(10 * kHour);
  CHECK(lossy.drain_sequences() == Sequences{2});
  CHECK(lossy.lost() == 1);
  CHECK(reliable.drain().empty());
  slow.writer->commit(claim);
  CHECK(reliable.drain_sequences() == range(1, 2));

  const auto next = slow.claim(kSize);
  p.publish_bytes(kSize);
  CHECK(lossy.drain().empty());  // each claim is waited for from the moment the reader came to it
  slow.writer->commit(next);
  CHECK(lossy.drain_sequences() == range(3, 4));
  CHECK(lossy.lost() == 1);
  CHECK((lossy.status() == Status::ok && reliable.status() == Status::ok));
}

TEST_CASE("when the clock is set back while a subscriber holds publishers back, demote_after starts anew, and ends",
          "[log][clock]") {
  ClockFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber({.reliable = true, .demote_after = kLimit});
  while (p.publish_bytes(kThird)) {
  }
  REQUIRE(p.publish_bytes(kThird).status() == Status::back_pressured);
  f.world.pass_time(kLimit / 2);
  REQUIRE(p.publish_bytes(kThird).status() == Status::back_pressured);

  f.world.monotonic_ns -= 10 * kHour;
  CHECK(p.publish_bytes(kThird).status() == Status::back_pressured);
  CHECK(shmbus::log::next_demotion(p.log) <= kLimit);
  f.world.pass_time(kLimit / 2);
  CHECK(p.publish_bytes(kThird).status() == Status::back_pressured);
  f.world.pass_time(kLimit);
  CHECK(p.publish_bytes(kThird));
  CHECK((s.shared().mode.load() & 1) == 0);
  const auto seen = s.drain_sequences();
  CHECK(seen.size() + s.lost() == 13);
}

TEST_CASE("a leap forward demotes no subscriber that holds no publisher back", "[log][clock]") {
  ClockFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber({.reliable = true, .demote_after = kLimit});
  std::uint64_t published = 0, seen = 0;
  for (int round = 0; round < 50; ++round) {
    for (int i = 0; i < 7; ++i) published += bool{p.publish_bytes(kThird)};
    f.world.pass_time(10 * kHour);
    seen += s.drain().size();
  }
  CHECK(published == 350);
  CHECK(seen == 350);
  CHECK(s.lost() == 0);
  CHECK((s.shared().mode.load() & 1) == 1);
}

TEST_CASE("a subscriber that has moved on is not demoted by a leap forward", "[log][clock]") {
  ClockFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber({.reliable = true, .demote_after = kLimit});
  std::uint64_t published = 0, seen = 0;
  for (int round = 0; round < 20; ++round) {
    while (p.publish_bytes(kThird)) ++published;  // until it holds back
    seen += s.drain().size();
    f.world.pass_time(10 * kHour);
  }
  CHECK(seen == published);
  CHECK(s.lost() == 0);
  CHECK((s.shared().mode.load() & 1) == 1);
}

TEST_CASE("while clocks jump all the time, every event is seen once, in order", "[log][clock]") {
  ClockFixture f;
  auto &p = f.publisher(), &q = f.publisher();
  auto &lossy = f.subscriber(), &reliable = f.subscriber({.reliable = true, .demote_after = 100 * kHour});
  Sequences by_lossy, by_reliable;
  std::uint64_t published = 0;
  for (std::uint64_t round = 0; round < 1000; ++round) {
    const auto claim = q.claim(kSize);
    published += 1 + bool{p.publish_bytes(100 + round % 900)};
    const std::uint64_t day = 24 * kHour;
    f.world.monotonic_ns = day + (round % 3 == 0 ? 0 - 10 * kHour : round % 3 * kHour) + round;
    f.world.system_ns += static_cast<std::int64_t>(kHour) * (round % 2 == 0 ? 7 : -7);
    if (round % 3 == 0)  // set back: nothing is passed
      for (const Seen& e : lossy.poll()) by_lossy.push_back(e.sequence);
    q.writer->commit(claim);
    for (const std::uint64_t n : lossy.drain_sequences()) by_lossy.push_back(n);
    for (const std::uint64_t n : reliable.drain_sequences()) by_reliable.push_back(n);
  }
  CHECK(by_reliable == range(1, published));
  CHECK(by_lossy == range(1, published));
  CHECK(lossy.lost() == 0);
}

TEST_CASE("a start at a time finds its event although the system clock was set back meanwhile", "[log][start][clock]") {
  LogFixture f({.blocks = 8});
  auto& p = f.publisher();
  const std::int64_t zero = f.world.system_ns;
  constexpr std::int64_t kSecond = 1'000'000'000;
  const auto publish = [&](int count) {
    for (int i = 0; i < count; ++i) {
      f.world.system_ns += kSecond;
      REQUIRE(p.publish_bytes(kThird));
    }
  };
  publish(8);  // event n at zero + n seconds; blocks 1 to 3, of which the last is not full
  f.world.system_ns -= 3600 * kSecond;
  publish(12);  // an hour earlier: 9 in block 3, the rest in 4 to 7

  const auto n = GENERATE(1, 3, 4, 6, 7, 8);
  CHECK(f.subscriber({.start = start_at(zero + n * kSecond)}).drain_sequences() ==
        range(static_cast<std::uint64_t>(n), 20));
  CHECK(f.subscriber({.start = start_at(zero + 9 * kSecond)}).drain().empty());
  CHECK(f.subscriber({.start = start_at(zero - 3600 * kSecond)}).drain_sequences() == range(1, 20));
}

TEST_CASE("a start at a time finds its event after a leap of the system clock", "[log][start][clock]") {
  LogFixture f({.blocks = 8});
  auto& p = f.publisher();
  const std::int64_t zero = f.world.system_ns;
  constexpr std::int64_t kSecond = 1'000'000'000, kLeap = 3600 * kSecond;
  for (int i = 1; i <= 20; ++i) {
    f.world.system_ns += i == 11 ? kLeap : kSecond;
    REQUIRE(p.publish_bytes(kThird));
  }
  CHECK(f.subscriber({.start = start_at(zero + 5 * kSecond)}).drain_sequences() == range(5, 20));
  CHECK(f.subscriber({.start = start_at(zero + kLeap / 2)}).drain_sequences() == range(11, 20));
  CHECK(f.subscriber({.start = start_at(zero + kLeap + 19 * kSecond)}).drain_sequences() == range(20, 20));
}
