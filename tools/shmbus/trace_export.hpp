#pragma once

#include <span>
#include <string>

#include "shmbus/options.hpp"
#include "trace.hpp"

namespace shmbus::tool {

/// Writes the traces as OTLP/JSON to a file, or sends them to a collector where `to` is a URL; "-" is standard output.
/// Returns what was done, for people: "wrote 7 spans of 1 trace to out.json". Throws std::system_error or
/// std::runtime_error, in words, where they did not arrive.
std::string export_otlp(std::span<const tracing::Trace> traces, const std::string& to, Time now);

/// Writes the traces as a picture for ui.perfetto.dev; as above.
std::string export_perfetto(std::span<const tracing::Trace> traces, const std::string& to, Time now);

}  // namespace shmbus::tool
