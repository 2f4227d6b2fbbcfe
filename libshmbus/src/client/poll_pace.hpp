#pragma once

#include <cstdint>

#include "shmbus/detail/cpu.hpp"

namespace shmbus::detail {

/// Saves polls from reading the system's clock. Every few polls it reads the cycle counter, as a hint only, and decides
/// whether to read the clock. For a subscriber that polls rarely, it does so at each poll.
class PollPace {
 public:
  /// Polls until the next check.
  std::uint32_t polls() const noexcept { return polls_; }

  bool due() noexcept {
    const std::uint64_t now = platform::read_cycle_counter(), apart = now - asked_;
    asked_ = now;
    polls_ = apart > kSeldom ? 1 : 8;
    if (now - looked_ < kLongAgo) return false;
    looked_ = now;
    return true;
  }

 private:
  static constexpr std::uint64_t kLongAgo = std::uint64_t{1} << 20;  // of the cycle counter: between 0.3 and some 40 ms
  static constexpr std::uint64_t kSeldom = std::uint64_t{1} << 22;
  std::uint64_t asked_ = 0, looked_ = 0;
  std::uint32_t polls_ = 1;
};

}  // namespace shmbus::detail
