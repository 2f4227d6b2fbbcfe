#include "registry/bus_clock.hpp"

#include <cmath>
#include <cstdlib>

#include "platform/clock.hpp"
#include "shmbus/platform/cpu.hpp"

namespace shmbus::registry {

using log::Moment;

namespace {

constexpr std::int64_t kMinSpan = 200'000;               // ns between the two pairs of a rate
constexpr std::int64_t kMaxExtrapolation = 100'000'000;  // ns beyond the latest pair before it is taken anew

/// a - b of an unsigned clock that may lie either way.
double difference(std::uint64_t a, std::uint64_t b) noexcept {
  return static_cast<double>(static_cast<std::int64_t>(a - b));
}

/// a + b, for a stamp and a pair that may be any bytes: it goes round rather than over.
std::int64_t sum(std::int64_t a, double b) noexcept {
  constexpr double kFarthest = 9.2e18;
  const auto whole = static_cast<std::int64_t>(std::llround(std::fmin(std::fmax(b, -kFarthest), kFarthest)));
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(whole));
}

}  // namespace

BusClock::BusClock(const BusRecord& bus) noexcept
    : created_{bus.created_cycles, bus.created_ns}, cycles_(bus.clock == layout::ClockKind::cycle_counter) {
  Moment first = now();
  // A bus that was created this very moment: wait until a rate can be told.
  while (first.ns >= created_.ns && first.ns - created_.ns < kMinSpan) first = now();
  latest_cycles_.store(first.cycles, std::memory_order_relaxed);
  latest_ns_.store(first.ns, std::memory_order_relaxed);
}

std::uint64_t BusClock::stamp() const noexcept {
  return cycles_ ? platform::read_cycle_counter() : platform::monotonic_ns();
}

/// The system clock between two stamps; the closest of a few readings, since we may be interrupted in one.
Moment BusClock::now() const noexcept {
  Moment best{};
  std::uint64_t width = ~std::uint64_t{0};
  for (int i = 0; i < 3; ++i) {
    const std::uint64_t before = stamp();
    const std::int64_t ns = platform::system_ns();
    const std::uint64_t after = stamp();
    if (after - before < width) {
      width = after - before;
      best = {before + width / 2, ns};
    }
  }
  return best;
}

Moment BusClock::latest() const noexcept {
  for (;;) {
    const std::uint64_t version = version_.load(std::memory_order_acquire);
    const Moment moment{latest_cycles_.load(std::memory_order_acquire), latest_ns_.load(std::memory_order_acquire)};
    if (version % 2 == 0 && version_.load(std::memory_order_acquire) == version) return moment;
  }
}

void BusClock::refresh() noexcept {
  std::uint64_t version = version_.load(std::memory_order_acquire);
  if (version % 2 != 0 || !version_.compare_exchange_strong(version, version + 1, std::memory_order_acq_rel)) return;
  const Moment moment = now();
  latest_cycles_.store(moment.cycles, std::memory_order_release);
  latest_ns_.store(moment.ns, std::memory_order_release);
  version_.store(version + 2, std::memory_order_release);
}

std::int64_t BusClock::to_ns(std::uint64_t stamp, const Moment& opened) noexcept {
  Moment last = latest();
  const auto rate = [&] {
    const double span = difference(last.cycles, created_.cycles);
    return span > 0 ? static_cast<double>(last.ns - created_.ns) / span : 1.0;
  };
  double beyond = difference(stamp, last.cycles) * rate();
  const double allowed =
      std::fmin(static_cast<double>(last.ns - created_.ns) / 4, static_cast<double>(kMaxExtrapolation));
  if (beyond > allowed) {
    refresh();
    last = latest();
    beyond = difference(stamp, last.cycles) * rate();
  }
  const double into_block = difference(stamp, opened.cycles) * rate();
  return std::fabs(into_block) < std::fabs(beyond) ? sum(opened.ns, into_block) : sum(last.ns, beyond);
}

}  // namespace shmbus::registry
