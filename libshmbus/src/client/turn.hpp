#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

#include "platform/clock.hpp"
#include "platform/futex.hpp"

namespace shmbus::detail {

/// A right that one thread at a time has, and others wait for, until a moment at most.
class Turn {
 public:
  bool try_take() noexcept {
    std::uint32_t free = kFree;
    return state_.compare_exchange_strong(free, kTaken, std::memory_order_acquire);
  }
  /// Returns false where the moment, CLOCK_MONOTONIC ns, passes first.
  bool take_until(std::uint64_t deadline) noexcept {
    while (state_.exchange(kWanted, std::memory_order_acquire) != kFree) {
      const std::uint64_t now = platform::monotonic_ns();
      if (now >= deadline) return false;
      constexpr std::uint64_t kHour = 3'600'000'000'000;
      platform::futex_wait(state_, kWanted, std::chrono::nanoseconds(std::min(deadline - now, kHour)));
    }
    return true;
  }
  void give() noexcept {
    if (state_.exchange(kFree, std::memory_order_release) == kWanted) platform::futex_wake_all(state_);
  }

 private:
  static constexpr std::uint32_t kFree = 0, kTaken = 1, kWanted = 2;
  std::atomic<std::uint32_t> state_{kFree};
};

}  // namespace shmbus::detail
