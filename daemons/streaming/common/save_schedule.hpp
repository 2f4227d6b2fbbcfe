#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace streaming {

/// When to save the state next: after an interval, or after a number of events. A state that takes long to write is
/// written less often, so that a service spends at most a tenth of its time on it.
class SaveSchedule {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::uint64_t most_events = 50'000;

  explicit SaveSchedule(std::chrono::nanoseconds interval) : interval_(interval) {}

  /// Records that events were handled since the last save.
  void changed(std::uint64_t events, Clock::time_point now) {
    if (events == 0) return;
    if (unsaved_ == 0) due_ = std::max(due_, now + interval_);
    unsaved_ += events;
  }

  bool due(Clock::time_point now) const { return unsaved_ > 0 && (now >= due_ || unsaved_ >= most_events); }

  void saved(Clock::time_point began, Clock::time_point ended) {
    unsaved_ = 0;
    due_ = ended + 9 * (ended - began);
  }

  /// How long the caller may sleep before the next save is due; unlimited if there is nothing to save.
  std::chrono::nanoseconds left(Clock::time_point now) const {
    if (unsaved_ == 0) return std::chrono::nanoseconds::max();
    return std::max(std::chrono::nanoseconds{0}, std::chrono::nanoseconds{due_ - now});
  }

 private:
  std::chrono::nanoseconds interval_;
  Clock::time_point due_{};
  std::uint64_t unsaved_ = 0;
};

}  // namespace streaming
