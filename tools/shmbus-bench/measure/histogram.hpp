#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace shmbus::measure {

/// How often each value came, exactly below 2,048 and within 1/1,024 above, as HdrHistogram does it:
///
///     values      0 .. 2047   2048 .. 4095   4096 .. 8191   ...  up to 2^64 - 1
///     bucket of   1           2              4              ...  each power of two has 1,024 buckets
///
/// The unit is the caller's. It holds no pointer, so that it may lie in memory that processes share; it takes 450 KB.
class Histogram {
 public:
  void add(std::uint64_t value) noexcept {
    ++counts_[bucket_of(value)];
    ++count_;
    sum_ += static_cast<double>(value);
    if (value < min_) min_ = value;
    if (value > max_) max_ = value;
  }
  void merge(const Histogram& other) noexcept;
  void clear() noexcept;

  std::uint64_t count() const noexcept { return count_; }
  /// Exact; 0 where nothing was added.
  std::uint64_t min() const noexcept { return count_ == 0 ? 0 : min_; }
  std::uint64_t max() const noexcept { return max_; }
  double mean() const noexcept { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }

  /// The value that a share (0 to 1) of what was added does not exceed: the upper edge of its bucket, and never more
  /// than `max`. 0 where nothing was added.
  std::uint64_t quantile(double share) const noexcept;

  /// The same between the steps of a clock that moves `step` at a time: the values that one step holds are taken to lie
  /// evenly around it. Differences of a coarse clock are right on average, and so is this.
  double quantile_between(double share, std::uint64_t step) const noexcept;

  /// How many did not exceed the value's bucket.
  std::uint64_t count_up_to(std::uint64_t value) const noexcept;

  static constexpr std::size_t bucket_of(std::uint64_t value) noexcept {
    const int shift = value < 2 * kHalf ? 0 : 63 - kHalfBits - __builtin_clzll(value);
    return static_cast<std::size_t>(shift) * kHalf + (value >> shift);
  }
  /// The largest value that falls into the bucket.
  static constexpr std::uint64_t upper_edge(std::size_t bucket) noexcept {
    if (bucket < 2 * kHalf) return bucket;
    const std::size_t shift = bucket / kHalf - 1;
    return (((bucket - shift * kHalf) + 1) << shift) - 1;
  }

 private:
  static constexpr int kHalfBits = 10;
  static constexpr std::uint64_t kHalf = std::uint64_t{1} << kHalfBits;
  static constexpr std::size_t kBuckets = (64 - kHalfBits + 1) * kHalf;

  std::uint64_t count_ = 0;
  std::uint64_t min_ = ~std::uint64_t{0};
  std::uint64_t max_ = 0;
  double sum_ = 0;
  std::array<std::uint64_t, kBuckets> counts_{};
};

}  // namespace shmbus::measure
