#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shmbus/event_id.hpp"

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

/// The trace context of an event, so that a tracer can follow it. The fields are those of W3C Trace Context
/// (https://www.w3.org/TR/trace-context/). A publisher may give one; shmbus then carries it unchanged. An event that is
/// published inside a handler without one gets one: the trace of the event that is handled, and the handler call's id
/// as the parent.
struct TraceContext {
  std::array<std::byte, 16> trace_id{};
  std::array<std::byte, 8> parent_id{};
  std::uint8_t flags = 0;
  std::array<std::byte, 7> reserved{};

  static constexpr std::uint8_t kSampled = 1;  ///< in `flags`

  /// Reads the value of a `traceparent` header, `00-<32 hex digits>-<16 hex digits>-<2 hex digits>`. Returns nothing
  /// for any other text, for ids of zeros only, and for upper-case digits, as the standard demands. Of a later version
  /// than 00, what follows the flags is ignored.
  static std::optional<TraceContext> parse(std::string_view traceparent) noexcept;
  /// Returns the value of a `traceparent` header, of version 00.
  std::string traceparent() const;

  /// Returns the trace id of an event that was published without a trace context, outside of handlers. It is the trace
  /// id of all events that follow from that one.
  static std::array<std::byte, 16> trace_id_of(const EventId& event) noexcept;

  friend bool operator==(const TraceContext&, const TraceContext&) = default;
};
static_assert(sizeof(TraceContext) == 32);

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
