#pragma once

#include <cstdint>

#include "shmbus/detail/cpu.hpp"

namespace shmbus::detail {

/// Spares polls the system's clock: every few polls it reads the cycle counter, a hint only, and says whether it is
/// worth looking at the clock. A subscriber that polls now and then is asked at each poll.
class PollPace {
 public:
  /// Polls until the next question.
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
