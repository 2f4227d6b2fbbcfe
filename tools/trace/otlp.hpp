#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "trace.hpp"

// OpenTelemetry's protocol: https://opentelemetry.io/docs/specs/otlp/, JSON encoding.
namespace shmbus::tracing {

struct OtlpDocument {
  std::string json;       ///< an ExportTraceServiceRequest
  std::size_t spans = 0;
};

/// The traces as spans, by the semantic conventions for messaging. An event that was read is a span of kind PRODUCER,
/// "publish TOPIC"; a call is one of kind CONSUMER, "process TOPIC", below the event's. A span's parent is the call that
/// published the event; where that is not recorded, the event that caused it. Where the parent is in another trace, it
/// is a link. Each process is a resource, `service.name` its program. `now` ends calls that have not ended.
OtlpDocument otlp_document(std::span<const Trace> traces, Time now);

}  // namespace shmbus::tracing
