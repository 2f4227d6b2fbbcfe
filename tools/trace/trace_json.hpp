#pragma once

#include <string>

#include "trace.hpp"

namespace shmbus::tracing {

/// The trace as one JSON object on one line: its events and calls nested as they caused each other, times in RFC 3339,
/// lengths of time in nanoseconds.
std::string trace_json(const Trace& trace);

}  // namespace shmbus::tracing
