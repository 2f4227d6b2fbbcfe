#pragma once

#include <atomic>
#include <cstdint>

#include "measure/cycle_clock.hpp"
#include "measure/histogram.hpp"
#include "measure/spin.hpp"

namespace shmbus::measure {

/// The number that ends a ping-pong.
inline constexpr std::uint64_t kLastPing = ~std::uint64_t{0};

/// The side that measures. `exchange(n)` sends number n and returns once the answer is there; the last gets kLastPing.
/// One reading of the cycle counter each round trip: the end of one is the beginning of the next, so that the histogram
/// (which may be null: warming up) gets whole round trips in ticks and nothing is left out between them.
template <class Exchange>
std::uint64_t ping(std::uint64_t ticks, Histogram* histogram, Exchange&& exchange) {
  std::uint64_t n = 0;
  const std::uint64_t began = CycleClock::now();
  for (std::uint64_t last = began; last - began < ticks;) {
    exchange(++n);
    const std::uint64_t now = CycleClock::now();
    if (histogram != nullptr) histogram->add(now - last);
    last = now;
  }
  exchange(kLastPing);
  return n;
}

/// The floor: a cache line each way, and nothing else. Each side spins on one and writes the other.
struct LinePair {
  alignas(128) std::atomic<std::uint64_t> ping{0};
  alignas(128) std::atomic<std::uint64_t> pong{0};

  /// After kLastPing, by the side that measures: ready for the next time, once both have met.
  void reset() noexcept {
    ping.store(0, std::memory_order_relaxed);
    pong.store(0, std::memory_order_relaxed);
  }
  void exchange(std::uint64_t n, Spin spin) noexcept {
    ping.store(n, std::memory_order_release);
    while (pong.load(std::memory_order_acquire) != n) spin();
  }
  /// Answers until kLastPing.
  void answer(Spin spin) noexcept;
};

/// The same, asleep: each side sleeps on a futex word, and wakes the other.
struct FutexPair {
  alignas(128) std::atomic<std::uint32_t> ping{0};
  alignas(128) std::atomic<std::uint32_t> pong{0};

  void reset() noexcept {
    ping.store(0, std::memory_order_relaxed);
    pong.store(0, std::memory_order_relaxed);
  }
  void exchange(std::uint64_t n) noexcept;
  void answer() noexcept;
};

}  // namespace shmbus::measure
