#pragma once

#include <atomic>
#include <cstdint>

#include "platform/clock.hpp"

namespace shmbus::platform {

/// Lets a message through at most once per second: what goes wrong with every event must not flood the log. Any thread.
class OncePerSecond {
 public:
  /// Whether the last time that this was true lies a second back. True at first.
  bool due() noexcept {
    constexpr std::uint64_t kSecond = 1'000'000'000;
    const std::uint64_t now = monotonic_ns();
    std::uint64_t last = last_ns_.load(std::memory_order_relaxed);
    if (last != 0 && now - last < kSecond) return false;
    return last_ns_.compare_exchange_strong(last, now, std::memory_order_relaxed);
  }

 private:
  std::atomic<std::uint64_t> last_ns_{0};  // monotonic; 0: never. Relaxed: it orders nothing
};

}  // namespace shmbus::platform
