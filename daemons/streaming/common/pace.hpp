#pragma once

#include <chrono>
#include <cstdint>

#include "signal_scope.hpp"

namespace streaming {

/// Spreads events evenly over time, one by one or in bursts.
class Pace {
 public:
  /// Without delays if the rate is 0.
  Pace(double events_per_second, std::uint64_t burst, const shmbus::tool::SignalScope& stop)
      : interval_(events_per_second > 0 ? 1e9 / events_per_second : 0), burst_(burst), stop_(stop) {}

  /// Returns when the next event is due, or the signal came.
  void wait() {
    const std::uint64_t event = events_++;
    if (interval_ <= 0 || event % burst_ != 0) return;
    const std::chrono::nanoseconds due{static_cast<std::int64_t>(interval_ * static_cast<double>(event))};
    const auto now = Clock::now() - start_;
    if (due > now) stop_.sleep(due - now);
  }

 private:
  using Clock = std::chrono::steady_clock;

  double interval_;  // nanoseconds
  std::uint64_t burst_;
  const shmbus::tool::SignalScope& stop_;
  Clock::time_point start_ = Clock::now();
  std::uint64_t events_ = 0;
};

}  // namespace streaming
