#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include <prometheus/metric_family.h>

#include "bus_set.hpp"
#include "trace_counts.hpp"
#include "warnings.hpp"

namespace shmbus::daemon {

/// Counts of what the daemon has done itself.
struct OwnCounts {
  std::uint64_t reaped_nodes = 0;
  std::uint64_t reaped_ports = 0;
  std::uint64_t reaped_subscriptions = 0;
  std::uint64_t reaped_segments = 0;
};

/// Bounds of a histogram's buckets, in seconds: one more than there are buckets.
using BucketBounds = std::vector<double>;

/// Makes metrics from snapshots. One thread at a time.
///
/// It remembers the bounds of the latency histograms' buckets for each bus. The measured rate of the cores' clock improves
/// with time, and counters made with a changing rate would sometimes go back.
class Metrics {
 public:
  std::vector<prometheus::MetricFamily> families(const std::vector<Look>& looks, const Memory& memory,
                                                 const OwnCounts& own,
                                                 const std::optional<TraceCounts>& traces = std::nullopt);

 private:
  std::map<std::uint64_t, BucketBounds> bounds_;  // by the incarnation of a bus
};

/// The upper bounds of the buckets served, in seconds, without the infinite one: 1, 2 and 5 in each decade.
const std::vector<double>& served_bounds();

/// A latency histogram with the served bounds. A bucket that lies across a bound is divided in proportion.
prometheus::ClientMetric::Histogram served_histogram(const Latency& latency, const BucketBounds& bounds);

}  // namespace shmbus::daemon
