#include "registry/bus_clock.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "platform/clock.hpp"
#include "shmbus/detail/cpu.hpp"

namespace shmbus::registry {

using log::Moment;

namespace {

constexpr double kMinAge = 200'000;                 // ns between the two readings that give a rate
constexpr double kMinRate = 0.01, kMaxRate = 1000;  // ns; outside: the counter jumped, or the data is corrupt
constexpr double kMaxExtrapolation = 100'000'000;   // ns; a later stamp causes a new reading

/// a - b for readings of an unsigned clock, in either order.
double difference(std::uint64_t a, std::uint64_t b) noexcept {
  return static_cast<double>(static_cast<std::int64_t>(a - b));
}

/// A sum out of range comes from corrupt data: then any time will do.
std::int64_t plus(std::int64_t ns, double difference) noexcept {
  constexpr double kLimit = 4e18;
  std::int64_t sum;
  const bool fits = std::fabs(difference) < kLimit && !__builtin_add_overflow(ns, std::llround(difference), &sum);
  return fits ? sum : ns;
}

}  // namespace

BusClock::BusClock(const BusRecord& bus) noexcept
    : cycles_(bus.clock == layout::ClockKind::cycle_counter),
      base_{{bus.created_cycles, bus.created_ns}, bus.created_monotonic_ns, bus.created_suspended_ns} {
  Reading first = read();
  // The machine was suspended since the bus was created. What the counter did in that time is not known, so no rate can
  // be measured from the creation on.
  if (suspended_between(base_, first)) base_ = first;
  // The bus was just created: wait until a rate can be measured.
  while (age_ns(first) >= 0 && age_ns(first) < kMinAge) first = read();
  store(first);
}

std::uint64_t BusClock::stamp() const noexcept {
  return cycles_ ? platform::read_cycle_counter() : platform::monotonic_ns();
}

Moment BusClock::now() const noexcept { return read().moment; }

/// Reads the other clocks between two stamps. Takes the tightest of a few readings, since the thread may be interrupted
/// during one.
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
      best = {{before + width / 2, ns}, monotonic, 0};
    }
  }
  best.suspended_ns = platform::suspended_ns();
  return best;
}

/// Returns what stamps are converted with. The number of tries is bounded: the thread that refreshes may be stopped in
/// the middle, or be one that a forked child does not have. The clocks are then read again, which is as good but
/// slower.
BusClock::Latest BusClock::latest() const noexcept {
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    const std::uint64_t version = version_.load(std::memory_order_acquire);
    const Latest latest{{latest_cycles_.load(std::memory_order_acquire), latest_ns_.load(std::memory_order_acquire)},
                        rate_.load(std::memory_order_acquire),
                        reach_.load(std::memory_order_acquire)};
    if (version % 2 == 0 && version_.load(std::memory_order_acquire) == version) return latest;
    platform::pause();
  }
  return {read().moment, rate_.load(std::memory_order_acquire), kMaxExtrapolation};
}

void BusClock::refresh() noexcept {
  std::uint64_t version = version_.load(std::memory_order_acquire);
  if (version % 2 != 0 || !version_.compare_exchange_strong(version, version + 1, std::memory_order_acq_rel)) return;
  const Reading reading = read();
  if (suspended_between(base_, reading)) base_ = reading;  // the rate stays the one measured before
  store(reading);
  version_.store(version + 2, std::memory_order_release);
}

/// *Requires* that no other thread stores at the same time.
void BusClock::store(const Reading& reading) noexcept {
  const double age = age_ns(reading), rate = age / difference(reading.moment.cycles, base_.moment.cycles);
  if (age >= kMinAge && rate > kMinRate && rate < kMaxRate) rate_.store(rate, std::memory_order_release);
  reach_.store(std::clamp(age / 4, 0.0, kMaxExtrapolation), std::memory_order_release);
  latest_cycles_.store(reading.moment.cycles, std::memory_order_release);
  latest_ns_.store(reading.moment.ns, std::memory_order_release);
}

double BusClock::age_ns(const Reading& reading) const noexcept {
  return difference(reading.monotonic_ns, base_.monotonic_ns);
}

bool BusClock::suspended_between(const Reading& before, const Reading& after) noexcept {
  constexpr double kLeast = 1'000'000;  // ns; less: the two clocks that show a suspend are not read at the same moment
  return std::fabs(difference(after.suspended_ns, before.suspended_ns)) > kLeast;
}

double BusClock::ns_per_stamp() noexcept {
  if (!cycles_) return 1.0;
  refresh();
  return latest().rate;
}

std::int64_t BusClock::to_ns(std::uint64_t stamp, const Moment& opened) noexcept {
  Latest last = latest();
  double beyond = difference(stamp, last.moment.cycles) * last.rate;
  if (beyond > last.reach) {
    refresh();
    last = latest();
    beyond = difference(stamp, last.moment.cycles) * last.rate;
  }
  const double into_block = difference(stamp, opened.cycles) * last.rate;
  return std::fabs(into_block) < std::fabs(beyond) ? plus(opened.ns, into_block) : plus(last.moment.ns, beyond);
}

}  // namespace shmbus::registry
