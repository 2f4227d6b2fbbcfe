#include "measure/rounds.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace shmbus::measure {

double Rounds::quantile(double share) const {
  if (values_.empty()) return 0;
  std::vector<double> sorted = values_;
  std::sort(sorted.begin(), sorted.end());
  const double place = std::clamp(share, 0.0, 1.0) * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

double Rounds::spread() const {
  const double middle = std::abs(median());
  return middle == 0 ? 0 : (quantile(0.75) - quantile(0.25)) / middle;
}

Rounds ratios(const Rounds& numerator, const Rounds& denominator) {
  Rounds result;
  const std::size_t rounds = std::min(numerator.values().size(), denominator.values().size());
  for (std::size_t i = 0; i < rounds; ++i) {
    const double below = denominator.values()[i];
    result.add(below == 0 ? 0 : numerator.values()[i] / below);
  }
  return result;
}

nlohmann::ordered_json to_json(const Rounds& rounds) {
  return {{"median", rounds.median()}, {"min", rounds.min()},     {"max", rounds.max()},
          {"spread", rounds.spread()}, {"noisy", rounds.noisy()}, {"values", rounds.values()}};
}

}  // namespace shmbus::measure
