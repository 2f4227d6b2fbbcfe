#include "measure/histogram.hpp"

#include <algorithm>
#include <cmath>

namespace shmbus::measure {

void Histogram::merge(const Histogram& other) noexcept {
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

void Histogram::clear() noexcept {
  counts_.fill(0);
  count_ = 0;
  sum_ = 0;
  min_ = ~std::uint64_t{0};
  max_ = 0;
}

std::uint64_t Histogram::quantile(double share) const noexcept {
  if (count_ == 0) return 0;
  const double rank = std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(count_));
  const auto wanted = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(rank), 1, count_);
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    seen += counts_[bucket];
    if (seen >= wanted) return std::min(upper_edge(bucket), max_);
  }
  return max_;
}

double Histogram::quantile_between(double share, std::uint64_t step) const noexcept {
  const std::uint64_t value = quantile(share);
  const std::uint64_t half = step / 2;
  if (count_ == 0 || half == 0 || value / kHalf > step) return static_cast<double>(value);  // buckets are wider
  std::uint64_t here = 0;
  double sum = 0;  // of what the step holds: its middle is not always where the quantile fell
  const std::size_t first = bucket_of(value > half ? value - half : 0);
  for (std::size_t bucket = first; bucket <= bucket_of(value + half); ++bucket) {
    here += counts_[bucket];
    sum += static_cast<double>(counts_[bucket]) * static_cast<double>(upper_edge(bucket));
  }
  const std::uint64_t below = first == 0 ? 0 : count_up_to(upper_edge(first - 1));
  const double wanted = std::clamp(share, 0.0, 1.0) * static_cast<double>(count_) - static_cast<double>(below);
  const double part = std::clamp(wanted / static_cast<double>(here), 0.0, 1.0);
  const double between = sum / static_cast<double>(here) + (part - 0.5) * static_cast<double>(step);
  return std::clamp(between, static_cast<double>(min()), static_cast<double>(max_));
}

std::uint64_t Histogram::count_up_to(std::uint64_t value) const noexcept {
  std::uint64_t seen = 0;
  const std::size_t last = bucket_of(value);
  for (std::size_t bucket = 0; bucket <= last; ++bucket) seen += counts_[bucket];
  return seen;
}

}  // namespace shmbus::measure
