#include "registry/bus_clock.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "platform/clock.hpp"
#include "shmbus/platform/cpu.hpp"

namespace shmbus::registry {

using log::Moment;

namespace {

constexpr double kMinAge = 200'000;                 // ns between the two readings of a rate
constexpr double kMinRate = 0.01, kMaxRate = 1000;  // ns; another one comes from a counter that jumped, or broken bytes
constexpr double kMaxExtrapolation = 100'000'000;   // ns beyond the latest reading before it is taken anew

/// a - b of an unsigned clock that may lie either way.
double difference(std::uint64_t a, std::uint64_t b) noexcept {
  return static_cast<double>(static_cast<std::int64_t>(a - b));
}

/// What lies out of range comes from broken bytes: then any time will do.
std::int64_t plus(std::int64_t ns, double difference) noexcept {
  constexpr double kLimit = 4e18;
  std::int64_t sum;
  const bool fits = std::fabs(difference) < kLimit && !__builtin_add_overflow(ns, std::llround(difference), &sum);
  return fits ? sum : ns;
}

}  // namespace

BusClock::BusClock(const BusRecord& bus) noexcept
    : created_cycles_(bus.created_cycles),
      created_monotonic_ns_(bus.created_monotonic_ns),
      cycles_(bus.clock == layout::ClockKind::cycle_counter) {
  Reading first = read();
  // A bus that was created this very moment: wait until a rate can be told.
  while (age_ns(first) >= 0 && age_ns(first) < kMinAge) first = read();
  latest_cycles_.store(first.moment.cycles, std::memory_order_relaxed);
  latest_ns_.store(first.moment.ns, std::memory_order_relaxed);
  latest_monotonic_ns_.store(first.monotonic_ns, std::memory_order_relaxed);
}

std::uint64_t BusClock::stamp() const noexcept {
  return cycles_ ? platform::read_cycle_counter() : platform::monotonic_ns();
}

Moment BusClock::now() const noexcept { return read().moment; }

/// The other clocks between two stamps; the closest of a few readings, since we may be interrupted in one.
BusClock::Reading BusClock::read() const noexcept {
  Reading best{};
  std::uint64_t width = ~std::uint64_t{0};
  for (int i = 0; i < 3; ++i) {
    const std::uint64_t before = stamp();
    const std::int64_t ns = platform::system_ns();
    const std::uint64_t monotonic = platform::monotonic_ns();
    const std::uint64_t after = stamp();
    if (after - before < width) {
      width = after - before;
      best = {{before + width / 2, ns}, monotonic};
    }
  }
  return best;
}

BusClock::Reading BusClock::latest() const noexcept {
  for (;;) {
    const std::uint64_t version = version_.load(std::memory_order_acquire);
    const Reading reading{{latest_cycles_.load(std::memory_order_acquire), latest_ns_.load(std::memory_order_acquire)},
                          latest_monotonic_ns_.load(std::memory_order_acquire)};
    if (version % 2 == 0 && version_.load(std::memory_order_acquire) == version) return reading;
  }
}

void BusClock::refresh() noexcept {
  std::uint64_t version = version_.load(std::memory_order_acquire);
  if (version % 2 != 0 || !version_.compare_exchange_strong(version, version + 1, std::memory_order_acq_rel)) return;
  const Reading reading = read();
  latest_cycles_.store(reading.moment.cycles, std::memory_order_release);
  latest_ns_.store(reading.moment.ns, std::memory_order_release);
  latest_monotonic_ns_.store(reading.monotonic_ns, std::memory_order_release);
  version_.store(version + 2, std::memory_order_release);
}

double BusClock::age_ns(const Reading& reading) const noexcept {
  return difference(reading.monotonic_ns, created_monotonic_ns_);
}

double BusClock::rate(const Reading& reading) const noexcept {
  const double rate = age_ns(reading) / difference(reading.moment.cycles, created_cycles_);
  return rate > kMinRate && rate < kMaxRate ? rate : 1.0;
}

std::int64_t BusClock::to_ns(std::uint64_t stamp, const Moment& opened) noexcept {
  Reading last = latest();
  double beyond = difference(stamp, last.moment.cycles) * rate(last);
  if (beyond > std::clamp(age_ns(last) / 4, 0.0, kMaxExtrapolation)) {
    refresh();
    last = latest();
    beyond = difference(stamp, last.moment.cycles) * rate(last);
  }
  const double into_block = difference(stamp, opened.cycles) * rate(last);
  return std::fabs(into_block) < std::fabs(beyond) ? plus(opened.ns, into_block) : plus(last.moment.ns, beyond);
}

}  // namespace shmbus::registry
