#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

/// A histogram of latencies: the times from an event's commit until the subscriber began to handle it. It covers the
/// events since the subscriber attached; use `since` for the events between two snapshots.
///
/// The subscriber takes samples: every event while events come slowly, about every 64th of a fast stream, chosen evenly
/// regardless of their place in a batch. A sample counts as the number of events that it represents. Each power of two
/// has eight buckets: a percentile is accurate to an eighth, and to the resolution of the core's clock (a few ns).
/// Where an event waits behind others of the same poll, its latency includes the time of their handlers.
class Latency {
 public:
  /// Makes an empty histogram.
  Latency() = default;
  /// Takes the counts, one per bucket, and the nanoseconds per unit of the buckets' bounds.
  Latency(std::vector<std::uint64_t> counts, double ns_per_unit);

  /// Returns the number of events that it covers.
  std::uint64_t count() const noexcept { return total_; }

  /// Returns the time that `percent` (0 to 100) of the events took at most; 0 without events.
  std::chrono::nanoseconds percentile(double percent) const noexcept;
  /// Returns the mean of all events; 0 without events.
  std::chrono::nanoseconds mean() const noexcept;

  /// Returns the histogram of the events after `earlier`, a histogram of the same subscriber. Returns all events where
  /// `earlier` belongs to another subscriber.
  Latency since(const Latency& earlier) const;

  // The histogram itself: bucket `i` counts events that took from `bound(i)` to less than `bound(i + 1)`.
  std::size_t buckets() const noexcept { return counts_.size(); }
  std::uint64_t events(std::size_t bucket) const noexcept { return counts_[bucket]; }
  std::chrono::nanoseconds bound(std::size_t bucket) const noexcept;

 private:
  std::vector<std::uint64_t> counts_;  // empty, or one per bucket
  double ns_per_unit_ = 1;
  std::uint64_t total_ = 0;
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
