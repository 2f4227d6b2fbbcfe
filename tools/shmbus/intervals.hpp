#pragma once

#include <cstdint>

#include "shmbus/options.hpp"

namespace shmbus::tool {

/// How regularly events arrive: the times between one event and the next, in nanoseconds.
class Intervals {
 public:
  /// Adds events in the order of their sequence. After a gap in the sequence no interval is counted.
  void add(std::uint64_t sequence, Time time) noexcept;

  std::uint64_t events() const noexcept { return events_; }
  std::uint64_t count() const noexcept { return count_; }  ///< of intervals
  double mean() const noexcept { return mean_; }
  double least() const noexcept { return least_; }
  double most() const noexcept { return most_; }
  double deviation() const noexcept;  ///< standard

  /// Forgets the intervals, not the last event.
  void clear() noexcept;

 private:
  std::uint64_t last_sequence_ = 0;  // 0: none yet
  Time last_time_{};
  std::uint64_t events_ = 0, count_ = 0;
  double mean_ = 0, squares_ = 0, least_ = 0, most_ = 0;
};

}  // namespace shmbus::tool
