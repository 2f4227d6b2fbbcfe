#include "intervals.hpp"

#include <algorithm>
#include <cmath>

namespace shmbus::tool {

void Intervals::add(std::uint64_t sequence, Time time) noexcept {
  ++events_;
  if (last_sequence_ != 0 && sequence == last_sequence_ + 1) {
    const auto interval = static_cast<double>((time - last_time_).count());
    least_ = count_ == 0 ? interval : std::min(least_, interval);
    most_ = count_ == 0 ? interval : std::max(most_, interval);
    ++count_;
    const double from_mean = interval - mean_;  // Welford's method
    mean_ += from_mean / static_cast<double>(count_);
    squares_ += from_mean * (interval - mean_);
  }
  last_sequence_ = sequence;
  last_time_ = time;
}

double Intervals::deviation() const noexcept {
  return count_ == 0 ? 0 : std::sqrt(squares_ / static_cast<double>(count_));
}

void Intervals::clear() noexcept {
  events_ = count_ = 0;
  mean_ = squares_ = least_ = most_ = 0;
}

}  // namespace shmbus::tool
