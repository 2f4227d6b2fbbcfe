#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

namespace shmbus::measure {

/// The values of one figure in several rounds. The median is reported, since a disturbed round does not change it.
class Rounds {
 public:
  Rounds() = default;
  explicit Rounds(std::vector<double> values) : values_(std::move(values)) {}

  void add(double value) { values_.push_back(value); }
  const std::vector<double>& values() const noexcept { return values_; }
  bool empty() const noexcept { return values_.empty(); }

  // 0 where there are none.
  double median() const { return quantile(0.5); }
  double min() const { return quantile(0); }
  double max() const { return quantile(1); }
  /// The value at a share (0 to 1) of the sorted rounds, interpolated between neighbours.
  double quantile(double share) const;

  /// The spread of the middle half of the rounds, as a share of the median: one bad round of five does not count.
  double spread() const;
  /// Whether the rounds differ too much for the median to be reliable.
  bool noisy(double limit = 0.2) const { return spread() > limit; }

 private:
  std::vector<double> values_;
};

/// Ratios round by round, so that a disturbance of a whole round cancels out. Both must have the same number of rounds.
Rounds ratios(const Rounds& numerator, const Rounds& denominator);

/// Keys: median, min, max, spread, noisy, values.
nlohmann::ordered_json to_json(const Rounds& rounds);

}  // namespace shmbus::measure
