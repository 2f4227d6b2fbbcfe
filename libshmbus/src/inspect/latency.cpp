#include "shmbus/latency.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "layout/latency_histogram.hpp"

namespace shmbus {

namespace {

/// The smallest value of a bucket, in units of the stamp clock. After the last bucket: 2^64, the end of the range.
double begin_of(std::size_t bucket) noexcept {
  return bucket < layout::kLatencyBuckets ? static_cast<double>(layout::latency_bucket_begin(bucket)) : 0x1p64;
}

/// A value out of range comes from corrupt data: then the longest time will do.
std::chrono::nanoseconds whole_ns(double ns) noexcept {
  constexpr double kLongest = 9e18;
  return std::chrono::nanoseconds{ns < kLongest ? std::llround(ns) : static_cast<std::int64_t>(kLongest)};
}

}  // namespace

Latency::Latency(std::vector<std::uint64_t> counts, double ns_per_unit)
    : counts_(std::move(counts)), ns_per_unit_(ns_per_unit) {
  for (const std::uint64_t count : counts_) {
    if (__builtin_add_overflow(total_, count, &total_)) total_ = ~std::uint64_t{0};
  }
}

std::chrono::nanoseconds Latency::bound(std::size_t bucket) const noexcept {
  return whole_ns(begin_of(bucket) * ns_per_unit_);
}

std::chrono::nanoseconds Latency::percentile(double percent) const noexcept {
  const double wanted = std::clamp(percent, 0.0, 100.0) / 100 * static_cast<double>(total_);
  double before = 0;
  std::size_t last = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] == 0) continue;
    const auto here = static_cast<double>(counts_[i]);
    if (before + here >= wanted) {  // assumes that values are spread evenly within the bucket
      return whole_ns((begin_of(i) + (begin_of(i + 1) - begin_of(i)) * (wanted - before) / here) * ns_per_unit_);
    }
    before += here;
    last = i;
  }
  return total_ == 0 ? std::chrono::nanoseconds{0} : bound(last + 1);
}

std::chrono::nanoseconds Latency::mean() const noexcept {
  double sum = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] != 0) sum += (begin_of(i) + begin_of(i + 1)) / 2 * static_cast<double>(counts_[i]);
  }
  return total_ == 0 ? std::chrono::nanoseconds{0} : whole_ns(sum / static_cast<double>(total_) * ns_per_unit_);
}

Latency Latency::since(const Latency& earlier) const {
  if (earlier.counts_.size() != counts_.size()) return *this;
  std::vector<std::uint64_t> counts = counts_;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] < earlier.counts_[i]) return *this;
    counts[i] -= earlier.counts_[i];
  }
  return {std::move(counts), ns_per_unit_};
}

}  // namespace shmbus
