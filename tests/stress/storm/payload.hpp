#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "shmbus/event.hpp"
#include "shmbus/trace_context.hpp"

namespace storm {

/// The head of an event of the storm. The rest of the payload is filler, which the sum covers too.
struct PayloadHead {
  std::uint64_t sum = 0;        ///< checksum of all bytes that follow; identifies the event in the auditor's record
  std::uint64_t publisher = 0;  ///< number of the process that published it
  std::uint64_t counter = 0;    ///< number of the event among that process's events, from 1
  std::uint32_t size = 0;       ///< bytes of the whole payload
  std::uint16_t traced = 0;     ///< 1: it carries the trace context that belongs to it
  std::uint16_t last = 0;       ///< 1: no event comes after it
};

/// How many events a publisher publishes with one call at most.
inline constexpr std::size_t kMostAtOnce = 8;

/// Writes an event into `to`, which holds at least a head.
PayloadHead write_payload(std::span<std::byte> to, PayloadHead head);
shmbus::TraceContext trace_of(const PayloadHead& head);

/// Throws unless the event is intact, and its head and trace context agree.
PayloadHead read_payload(const shmbus::Event& event);

}  // namespace storm
