#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "trace.hpp"

namespace shmbus::tracing {

struct PerfettoDocument {
  std::string json;
  std::size_t slices = 0;
  std::size_t arrows = 0;
  std::size_t arrows_left_out = 0;  ///< of calls that began before their event was published, by their times
};

/// The traces in Chrome's trace event format, for https://ui.perfetto.dev and chrome://tracing. Each worker of a
/// subscription is a thread of its process, with a slice for each call; each event has a short slice where it was
/// published, and an arrow to each call that handled it. Times count from the first event. `now` ends calls that have
/// not ended.
PerfettoDocument perfetto_document(std::span<const Trace> traces, Time now);

}  // namespace shmbus::tracing
