#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "shmbus/event.hpp"
#include "shmbus/trace_context.hpp"

namespace storm {

/// What an event of the storm says of itself; the rest of the payload is filler, which the sum covers too.
struct PayloadHead {
  std::uint64_t sum = 0;        ///< of all bytes that follow; names the event in the auditor's record
  std::uint64_t publisher = 0;  ///< number of the process that published it
  std::uint64_t counter = 0;    ///< of that process's events, from 1
  std::uint32_t size = 0;       ///< bytes, of the whole payload
  std::uint16_t traced = 0;     ///< it carries the trace context that belongs to it
  std::uint16_t last = 0;       ///< nothing comes after it
};

/// Events that a publisher publishes by one call at the most.
inline constexpr std::size_t kMostAtOnce = 8;

/// Writes an event into `to`, which holds at least a head.
PayloadHead write_payload(std::span<std::byte> to, PayloadHead head);
shmbus::TraceContext trace_of(const PayloadHead& head);

/// Throws unless the event is whole, and the one it says it is.
PayloadHead read_payload(const shmbus::Event& event);

}  // namespace storm
