#pragma once

#include "metric_families.hpp"
#include "trace_counts.hpp"

namespace shmbus::daemon {

/// The metrics of the export of traces.
void add_trace_counts(MetricFamilies& families, const TraceCounts& counts);

}  // namespace shmbus::daemon
