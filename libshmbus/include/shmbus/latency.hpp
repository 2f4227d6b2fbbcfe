#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

/// How long events lay from their commit until the subscriber began to handle them, as counts by length. It stands for
/// the events since the subscriber attached; `since` tells those between two looks.
///
/// The subscriber takes samples: every event while they come slowly, about every 64th of a fast stream, drawn evenly
/// whatever their place in a batch, each counted as often as there are events it stands for. Eight buckets a power of
/// two: a percentile is right within an eighth, and the resolution of the core's clock (some ns). An event that waits
/// behind others of its poll counts its wait for their handlers.
class Latency {
 public:
  /// No events.
  Latency() = default;
  /// Takes `counts`, one a bucket, and how many nanoseconds a unit of their bounds is.
  Latency(std::vector<std::uint64_t> counts, double ns_per_unit);

  /// How many events it stands for.
  std::uint64_t count() const noexcept { return total_; }

  /// The time that `percent` (0 to 100) of the events took at most. 0 without events.
  std::chrono::nanoseconds percentile(double percent) const noexcept;
  /// The mean of all events. 0 without events.
  std::chrono::nanoseconds mean() const noexcept;

  /// The events that came after `earlier`, which is of the same subscriber; all of them where it is of another.
  Latency since(const Latency& earlier) const;

  // The histogram itself: bucket `i` counts events that took from `bound(i)` to less than `bound(i + 1)`.
  std::size_t buckets() const noexcept { return counts_.size(); }
  std::uint64_t events(std::size_t bucket) const noexcept { return counts_[bucket]; }
  std::chrono::nanoseconds bound(std::size_t bucket) const noexcept;

 private:
  std::vector<std::uint64_t> counts_;  // empty, or one a bucket
  double ns_per_unit_ = 1;
  std::uint64_t total_ = 0;
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
