#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "shmbus/event_id.hpp"
#include "trace.hpp"

// The ids that traces and spans have outside of the bus.
namespace shmbus::tracing {

using SpanId = std::array<std::byte, 8>;

/// The id of the span that stands for the publishing of an event. A call's span has the call's id.
SpanId span_id_of(const EventId& event) noexcept;

/// Two lower-case digits a byte.
std::string hex_text(const TraceId& id);
std::string hex_text(const SpanId& id);

/// For maps. All bits of the id count.
struct EventIdHash {
  std::size_t operator()(const EventId& id) const noexcept;
};
template <std::size_t size>
struct BytesHash {
  std::size_t operator()(const std::array<std::byte, size>& bytes) const noexcept {
    std::size_t hash = 0xcbf29ce484222325;
    for (const std::byte b : bytes) hash = (hash ^ std::to_integer<std::size_t>(b)) * 0x100000001b3;
    return hash;
  }
};

}  // namespace shmbus::tracing
