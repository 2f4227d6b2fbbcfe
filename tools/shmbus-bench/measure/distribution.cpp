#include "measure/distribution.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "measure/histogram.hpp"

namespace shmbus::measure {

Distribution distribution(const Histogram& histogram, double scale, std::uint64_t step) {
  const auto at = [&](double share) { return histogram.quantile_between(share, step) * scale; };
  return {.count = histogram.count(),
          .min = static_cast<double>(histogram.min()) * scale,
          .mean = histogram.mean() * scale,
          .p50 = at(0.5),
          .p90 = at(0.9),
          .p99 = at(0.99),
          .p99_9 = at(0.999),
          .p99_99 = at(0.9999),
          .max = static_cast<double>(histogram.max()) * scale};
}

std::vector<CurvePoint> percentile_curve(const Histogram& histogram, double scale) {
  std::vector<CurvePoint> curve;
  if (histogram.count() == 0) return curve;
  constexpr int kPerDecade = 40;
  const auto all = static_cast<double>(histogram.count());
  const int last = static_cast<int>(std::ceil(std::log10(all) * kPerDecade));
  for (int i = 0; i <= last; ++i) {
    const double share = 1 - std::pow(10.0, -static_cast<double>(i) / kPerDecade);
    curve.push_back({share, static_cast<double>(histogram.quantile(share)) * scale});
  }
  curve.push_back({1 - 1 / (all + 1), static_cast<double>(histogram.max()) * scale});
  return curve;
}

nlohmann::ordered_json to_json(const Distribution& d) {
  return {{"count", d.count}, {"min", d.min},     {"mean", d.mean},     {"p50", d.p50}, {"p90", d.p90},
          {"p99", d.p99},     {"p99_9", d.p99_9}, {"p99_99", d.p99_99}, {"max", d.max}};
}

}  // namespace shmbus::measure
