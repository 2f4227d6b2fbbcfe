#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shmbus/event_id.hpp"
#include "trace.hpp"

namespace shmbus::tool {

/// The event or trace that the command line names, in one of these ways.
struct TraceSubject {
  std::optional<EventId> event;             ///< by its id
  std::optional<tracing::TraceId> trace;    ///< by a trace id, or the one in a traceparent
  std::string topic;                        ///< by its topic and sequence, as the trees show them: "video.watched #7"
  std::uint64_t sequence = 0;
};

/// Reads an event id, a trace id (32 hexadecimal digits), a traceparent, or TOPIC#SEQUENCE. Nothing for any other text.
std::optional<TraceSubject> parse_trace_subject(std::string_view text);

}  // namespace shmbus::tool
