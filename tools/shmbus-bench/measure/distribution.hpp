#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

namespace shmbus::measure {

class Histogram;

/// The figures of a histogram, in a readable unit.
struct Distribution {
  std::uint64_t count = 0;
  double min = 0;
  double mean = 0;
  double p50 = 0;
  double p90 = 0;
  double p99 = 0;
  double p99_9 = 0;
  double p99_99 = 0;
  double max = 0;
};

/// `scale` turns the histogram's unit into the reader's: for half a round trip in nanoseconds it is half of what a tick
/// of the cycle counter lasts. `step`: what the clock moves by at a time, see Histogram::quantile_between.
Distribution distribution(const Histogram& histogram, double scale, std::uint64_t step = 1);

/// One point of a percentile curve: `share` of all values do not exceed `value`.
struct CurvePoint {
  double share;
  double value;
};
/// From the smallest value to the largest, evenly spaced in powers of ten of the share that is larger.
std::vector<CurvePoint> percentile_curve(const Histogram& histogram, double scale);

/// Keys: count, min, mean, p50, p90, p99, p99_9, p99_99, max.
nlohmann::ordered_json to_json(const Distribution& distribution);

}  // namespace shmbus::measure
