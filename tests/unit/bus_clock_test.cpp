// Event times stay right when clocks are set, jump or stand still.

#include "registry/bus_clock.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>
#include <limits>
#include <optional>
#include <thread>

#include "platform/clock.hpp"
#include "shmbus/detail/cpu.hpp"
#include "support/clock_offset.hpp"

using namespace std::chrono_literals;
using shmbus::layout::ClockKind;
using shmbus::log::Moment;
using shmbus::registry::BusClock;
using shmbus::registry::BusRecord;

namespace {

constexpr std::uint64_t kHours = 40'000'000'000'000, kHalf = std::uint64_t{1} << 63;

/// The record of a bus that is created now.
BusRecord created_now(ClockKind kind) {
  BusRecord bus;
  bus.clock = kind;
  bus.created_monotonic_ns = shmbus::platform::monotonic_ns();
  bus.created_cycles =
      kind == ClockKind::cycle_counter ? shmbus::platform::read_cycle_counter() : bus.created_monotonic_ns;
  bus.created_ns = shmbus::platform::system_ns();
  return bus;
}

/// How far the time of an event that is published now lies from the system clock. The smallest of some measurements,
/// since an interruption between the two readings makes one too large.
std::chrono::nanoseconds error_now(BusClock& clock, const Moment& opened) {
  std::int64_t best = std::numeric_limits<std::int64_t>::max();
  for (int i = 0; i < 20; ++i) {
    const std::uint64_t stamp = clock.stamp();
    const std::int64_t now = shmbus::platform::system_ns();
    best = std::min(best, std::abs(clock.to_ns(stamp, opened) - now));
  }
  return std::chrono::nanoseconds{best};
}

}  // namespace

TEST_CASE("an event's time differs from the system clock by less than 1 ms", "[clock]") {
  BusRecord bus = created_now(GENERATE(ClockKind::cycle_counter, ClockKind::monotonic));
  BusClock clock(bus);
  const Moment opened = clock.now();
  CHECK(error_now(clock, opened) < 1ms);
  std::this_thread::sleep_for(30ms);
  CHECK(error_now(clock, opened) < 1ms);
  CHECK(error_now(clock, clock.now()) < 1ms);
}

TEST_CASE("event times are right although the system clock was set after the bus was created", "[clock]") {
  BusRecord bus = created_now(GENERATE(ClockKind::cycle_counter, ClockKind::monotonic));
  const auto jump = GENERATE(std::chrono::nanoseconds{3h}, std::chrono::nanoseconds{-3h});
  std::this_thread::sleep_for(2ms);
  const test::ClockOffset set(CLOCK_REALTIME, jump);
  BusClock clock(bus);
  const Moment opened = clock.now();
  CHECK(error_now(clock, opened) < 1ms);
  std::this_thread::sleep_for(30ms);
  CHECK(error_now(clock, opened) < 1ms);
}

TEST_CASE("setting the system clock changes the times of later events alone", "[clock]") {
  BusRecord bus = created_now(ClockKind::cycle_counter);
  const auto jump = GENERATE(std::chrono::nanoseconds{3h}, std::chrono::nanoseconds{-3h});
  BusClock clock(bus);
  const Moment opened_before = clock.now();
  const std::uint64_t stamp_before = clock.stamp();
  const std::int64_t before = shmbus::platform::system_ns();
  test::ClockOffset set(CLOCK_REALTIME, jump);
  std::this_thread::sleep_for(30ms);
  CHECK(error_now(clock, clock.now()) < 1ms);
  CHECK(error_now(clock, opened_before) < 1ms);
  CHECK(std::abs(clock.to_ns(stamp_before, opened_before) - before) < 1'000'000);
}

TEST_CASE("clocks that jumped after the bus was created cause neither a hang nor an overflow", "[clock]") {
  BusRecord bus = created_now(GENERATE(ClockKind::cycle_counter, ClockKind::monotonic));
  bus.created_cycles += GENERATE(std::uint64_t{0}, kHours, -kHours, kHalf);
  bus.created_monotonic_ns += GENERATE(std::uint64_t{0}, kHours, -kHours, kHalf);
  BusClock clock(bus);
  const Moment opened = clock.now();
  CHECK(error_now(clock, opened) < 1s);
  for (const std::uint64_t stamp : {std::uint64_t{0}, kHalf, ~std::uint64_t{0}, bus.created_cycles}) {
    for (const std::int64_t ns : {std::numeric_limits<std::int64_t>::min(), std::int64_t{0}, opened.ns,
                                  std::numeric_limits<std::int64_t>::max()}) {
      for (const std::uint64_t cycles : {std::uint64_t{0}, opened.cycles, ~std::uint64_t{0}}) {
        clock.to_ns(stamp, {cycles, ns});
      }
    }
  }
  CHECK(error_now(clock, opened) < 1s);
}

TEST_CASE("a bus clock converts any stamp in a block of any opening time", "[registry]") {
  BusRecord bus;
  bus.clock = shmbus::layout::ClockKind::monotonic;
  bus.created_monotonic_ns = shmbus::platform::monotonic_ns();
  bus.created_cycles = bus.created_monotonic_ns;
  bus.created_ns = shmbus::platform::system_ns();
  BusClock clock(bus);
  const auto ns = GENERATE(as<std::int64_t>{}, 0, -1, std::numeric_limits<std::int64_t>::min(),
                           std::numeric_limits<std::int64_t>::max());
  const auto cycles = GENERATE(as<std::uint64_t>{}, 0, 1, std::uint64_t{1} << 63, ~std::uint64_t{0});
  for (const std::uint64_t stamp : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 63, ~std::uint64_t{0}})
    clock.to_ns(stamp, {cycles, ns});
  const Moment now = clock.now();
  CHECK(clock.to_ns(now.cycles, now) == now.ns);
}

TEST_CASE("times stay right when the machine was suspended, whether the counter went on or stood still", "[clock]") {
  BusRecord bus = created_now(ClockKind::cycle_counter);
  bus.created_suspended_ns = shmbus::platform::suspended_ns();
  const bool known = GENERATE(true, false);  // whether this member had joined before the suspend
  const bool went_on = GENERATE(true, false);
  std::optional<BusClock> clock;
  std::this_thread::sleep_for(50ms);
  if (known) clock.emplace(bus);
  const Moment opened = known ? clock->now() : Moment{bus.created_cycles, bus.created_ns};
  // Compared with the counter, the other clocks fall behind or run ahead.
  test::ClockOffset monotonic(CLOCK_MONOTONIC, 0s), boottime(CLOCK_BOOTTIME, 0s), system(CLOCK_REALTIME, 0s);
  if (went_on) {
    monotonic.set(-40ms);
  } else {
    boottime.set(10h);
    system.set(10h);
  }
  if (!known) clock.emplace(bus);
  std::this_thread::sleep_for(30ms);
  CHECK(error_now(*clock, clock->now()) < 1ms);
  // A counter that stood still can't show whether a stamp was taken before or after the suspend.
  const Moment opened_by_then = went_on ? opened : clock->now();
  const std::uint64_t stamp = clock->stamp();
  const std::int64_t then = shmbus::platform::system_ns();
  std::this_thread::sleep_for(60ms);
  CHECK(error_now(*clock, opened) < 1ms);
  CHECK(std::abs(clock->to_ns(stamp, opened_by_then) - then) < 1'000'000);
  CHECK(error_now(*clock, clock->now()) < 1ms);
}
