#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "shmbus/event_header.hpp"
#include "shmbus/event_id.hpp"
#include "shmbus/publish_options.hpp"
#include "shmbus/trace_context.hpp"

namespace shmbus::log {

/// The header that W3C Trace Context hands on beside a traceparent.
inline constexpr std::string_view kTracestate = "tracestate";

/// What a publisher gives an event beside its payload; all of it views.
struct RecordExtensions {
  const TraceContext* trace = nullptr;
  std::span<const EventHeader> headers{};
  std::string_view key{};
  const EventId* cause = nullptr;
  std::string_view tracestate{};  ///< one more header, of that name; empty: none

  static RecordExtensions of(const PublishOptions& options) noexcept {
    return {options.trace ? &*options.trace : nullptr, options.headers, options.key};
  }

  /// Bytes of the extension area; 0 where there is nothing to write.
  std::size_t area_size() const noexcept {
    return trace == nullptr && headers.empty() && key.empty() && cause == nullptr && tracestate.empty() ? 0 : measure();
  }
  /// Writes all `area_size()` bytes of it.
  void write(std::byte* area) const noexcept;

 private:
  std::size_t measure() const noexcept;
  std::size_t headers_size() const noexcept;
};

}  // namespace shmbus::log
