#include "group/window.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <optional>
#include <thread>

#include "support/group_fixture.hpp"

using namespace shmbus::group;
using test::GroupMemory;

namespace {

constexpr std::uint64_t kMs = 1'000'000, kLease = 1'000 * kMs, kNow = 1'000'000 * kMs;
constexpr std::uint64_t kEnd = WhenWord::moment_after(kNow + kLease);

}  // namespace

TEST_CASE("M2: a member that finds nothing ready has found nothing while others took events", "[group][window]") {
  unsigned missed = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds{500};
  do {
    GroupMemory memory;
    Window window = memory.window();
    for (std::uint64_t s = 1; s < 200; ++s) {
      window.show_next(s);
      window.set_ready(s);
    }
    std::atomic<unsigned> arrived{0};
    const auto take_all = [&] {
      ++arrived;
      while (arrived.load() != 2) {
      }
      while (window.take_ready(~0ull)) {
      }
      // Nobody made an event ready since: so none is.
      return window.ready().look_through();
    };
    bool other_missed = false;
    std::thread other([&] { other_missed = take_all(); });
    if (take_all()) ++missed;
    other.join();
    if (other_missed) ++missed;
  } while (std::chrono::steady_clock::now() < end);
  CHECK(missed == 0);
}

TEST_CASE("M2: a bit that is cleared belongs to the event that the slot holds then", "[group][window]") {
  GroupMemory memory;
  Window window = memory.window();
  window.set_ready(500);  // a stale hint; so the map is never empty
  // This thread takes one event after the other; all have one slot. The other thread makes the next one ready as soon as
  // the floor has moved on.
  constexpr std::uint64_t kFirst = 7;
  std::atomic<std::uint64_t> taken{0};
  std::atomic<bool> stop{false};
  std::thread other([&] {
    for (std::uint64_t s = kFirst; !stop.load(); s += memory.slots()) {
      memory.shared().floor.store(s);
      memory.slot(s).word.store(SlotWord(memory.round(s), 0, 0, SlotState::waiting).bits());
      window.set_ready(s);
      while (taken.load() != s && !stop.load()) {
      }
    }
  });
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds{500};
  bool lost = false;
  for (std::uint64_t expected = kFirst; std::chrono::steady_clock::now() < end && !lost;) {
    const std::optional<std::uint64_t> found = window.take_ready(~0ull);
    if (!found) continue;
    if (*found % memory.slots() == 500) {
      window.set_ready(500);
      continue;
    }
    if (*found == expected) {
      taken.store(expected);
      expected += memory.slots();
    } else {
      lost = true;
    }
  }
  stop.store(true);
  other.join();
  CHECK_FALSE(lost);
}

TEST_CASE("W1: a number below the floor was passed, though nobody took its slot", "[group][window]") {
  GroupMemory memory;
  Window window = memory.window();
  memory.shared().floor.store(5'000);  // another member crossed a stretch that it found no events in
  Held held;
  CHECK(window.lease_next(1, 0, kNow, kEnd, held) == Window::Step::passed);
  CHECK(window.show_next(2) == Window::Step::passed);
  CHECK(window.skip_next(4'999) == Window::Step::passed);
  CHECK(window.lease_next(5'000, 0, kNow, kEnd, held) == Window::Step::done);
}

TEST_CASE("W3: whoever finds the window full moves a floor that its owner left behind", "[group][window]") {
  GroupMemory memory;
  Window window = memory.window();
  Held first, held;
  REQUIRE(window.lease_next(1, 0, kNow, kEnd, first) == Window::Step::done);
  for (std::uint64_t s = 2; s <= memory.slots(); ++s) REQUIRE(window.skip_next(s) == Window::Step::done);
  const std::uint64_t beyond = memory.slots() + 1;
  CHECK(window.lease_next(beyond, 1, kNow, kEnd, held) == Window::Step::full);
  // The holder acknowledges, and dies or stops before it moves the floor.
  memory.slot(1).word.store(first.word.with(SlotState::settled).bits());
  CHECK(window.lease_next(beyond, 1, kNow, kEnd, held) == Window::Step::done);
  CHECK(window.floor() == beyond);
}

TEST_CASE("W3: slots of later rounds than the floor's move it nowhere", "[group][window]") {
  GroupMemory memory;
  Window window = memory.window();
  const SlotState state = GENERATE(SlotState::settled, SlotState::waiting);
  for (std::uint64_t s = 0; s < memory.slots(); ++s)
    memory.slot(s).word.store(SlotWord(1ull << 38, 0, 0, state).bits());
  window.advance_floor();
  CHECK(window.floor() == 1);
}

TEST_CASE("W3: a member that comes to a stretch which others crossed goes on behind it", "[group][window]") {
  GroupMemory memory;
  Window window = memory.window();
  const std::uint64_t to = 1 + 3 * memory.slots();
  REQUIRE(window.cross(1, to));
  SECTION("its first slot has a later event by now") {
    Held held;
    REQUIRE(window.lease_next(to, 0, kNow, kEnd, held) == Window::Step::done);
    CHECK(window.cross(1, to));
  }
  SECTION("to another end") {
    CHECK(window.cross(1, to + 5));
    CHECK(window.floor() == to + 5);
    CHECK(window.cross(1, to));
    CHECK(window.floor() == to + 5);
  }
  SECTION("the floor was left behind at its beginning") {
    REQUIRE(window.skip_next(to) == Window::Step::done);
    memory.shared().floor.store(to);
    CHECK(window.cross(to + 1, to + 2'000));
    CHECK(window.floor() == to + 2'000);
  }
}

TEST_CASE("W3: a stretch is crossed from a floor alone that nobody walked over", "[group][window]") {
  GroupMemory memory;
  Window window = memory.window();
  Held held;
  REQUIRE(window.lease_next(1, 0, kNow, kEnd, held) == Window::Step::done);
  CHECK_FALSE(window.cross(1, 5'000));
  CHECK_FALSE(window.cross(2, 5'000));
  CHECK(window.floor() == 1);
  CHECK(window.settle(held));
  CHECK(window.cross(2, 5'000));
  CHECK(window.floor() == 5'000);
}

TEST_CASE("W1: a lease that another member crossed keeps no slot", "[group][window]") {
  GroupMemory memory;
  Window window = memory.window();
  Held held, later;
  // It found an event where the other one, at the same moment, found none.
  REQUIRE(window.lease_next(1, 0, kNow, kEnd, held) == Window::Step::done);
  memory.shared().floor.store(5 * memory.slots());
  CHECK(window.lease_next(1 + 5 * memory.slots(), 1, kNow, kEnd, later) == Window::Step::done);
  CHECK_FALSE(window.settle(held));
  CHECK(window.settle(later));
}

TEST_CASE("W5: a lease that was extended is not ended by a sweep that found it expired", "[group][window]") {
  GroupMemory memory;
  Window window = memory.window();
  Held held;
  REQUIRE(window.lease_next(1, 0, kNow, kEnd, held) == Window::Step::done);
  const WhenWord found = window.when(1);
  REQUIRE(window.extend(held, kNow, kEnd + 100));
  CHECK_FALSE(window.end_lease(1, held.word, found));
  CHECK(window.when(1).moment() == kEnd + 100);
}

TEST_CASE("W5: a lease that a sweep has ended is not extended", "[group][window]") {
  GroupMemory memory;
  Window window = memory.window();
  Held held;
  REQUIRE(window.lease_next(1, 0, kNow, kEnd, held) == Window::Step::done);
  CHECK(window.end_lease(1, held.word, window.when(1)));
  CHECK_FALSE(window.extend(held, kNow, kEnd + 100));
  CHECK(window.when(1).moment() == 0);
  CHECK(window.end_lease(1, held.word, window.when(1)));  // the sweep died; the next one ends it
  CHECK(window.settle(held));                             // until it is given back
}

TEST_CASE("W5: a lease whose end nobody has written can be extended", "[group][window]") {
  GroupMemory memory;
  Window window = memory.window();
  Held held;
  REQUIRE(window.lease_next(1, 0, kNow, kEnd, held) == Window::Step::done);
  memory.slot(1).when.store(0);
  CHECK(window.extend(held, kNow, kEnd + 100));
  CHECK(window.when(1).of(held.word));
  CHECK(window.when(1).moment() == kEnd + 100);
}

TEST_CASE("W2: the count of leases goes round above a thousand, and never stands still", "[group][window]") {
  GroupMemory memory;
  Window window = memory.window();
  REQUIRE(window.show_next(1) == Window::Step::done);
  const SlotWord most(memory.round(1), SlotWord::kMostLeases, 0, SlotState::waiting);
  memory.slot(1).word.store(most.bits());
  memory.slot(1).when.store(WhenWord(most, 0).bits());
  const std::optional<Held> held = window.lease_waiting(1, 0, kNow, kEnd);
  REQUIRE(held);
  CHECK(held->word.leases() == SlotWord::kFirstOfMany);
  // The same member leases it again: a thread of it that is late is refused.
  REQUIRE(window.give_back(*held, 0));
  const std::optional<Held> again = window.lease_waiting(1, 0, kNow, kEnd);
  REQUIRE(again);
  CHECK_FALSE(window.settle(*held));
  CHECK(window.settle(*again));
}

TEST_CASE("W2: from the thousandth lease on a full window does not cut the pause short", "[group][window]") {
  GroupMemory memory;
  Window window = memory.window();
  REQUIRE(window.show_next(1) == Window::Step::done);
  memory.shared().full_since.store(kNow);
  const auto leased = [&](std::uint64_t leases, std::uint64_t since_ns) {
    const SlotWord word(memory.round(1), leases, 0, SlotState::waiting);
    memory.slot(1).word.store(word.bits());
    memory.slot(1).when.store(WhenWord(word, kEnd).bits());
    memory.slot(1).leased.store(kNow - since_ns);
    return window.lease_waiting(1, 0, kNow, kEnd).has_value();
  };
  CHECK(leased(SlotWord::kFirstOfMany - 1, 0));
  CHECK_FALSE(leased(SlotWord::kFirstOfMany, 0));
  CHECK_FALSE(leased(SlotWord::kMostLeases, 1'999 * kMs));
  CHECK(leased(SlotWord::kMostLeases, 2'000 * kMs));
}
