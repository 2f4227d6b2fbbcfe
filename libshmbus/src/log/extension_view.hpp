#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "shmbus/detail/event_record.hpp"
#include "shmbus/event_headers.hpp"
#include "shmbus/event_id.hpp"
#include "shmbus/trace_context.hpp"

namespace shmbus::log {

/// Reads the extension area of an event where it lies, entry by entry. Whatever the bytes say, nothing beyond the area
/// is read: what is malformed is as if it were not there.
class ExtensionView {
 public:
  /// The area ends before the payload, as the reader has checked (X1).
  explicit ExtensionView(const detail::EventRecord& record) noexcept;

  /// Null without one.
  const TraceContext* trace() const noexcept;
  EventHeaders headers() const noexcept;
  /// Nothing without one.
  std::optional<EventId> cause() const noexcept;
  /// Empty without one.
  std::string_view key() const noexcept;

 private:
  /// The bytes of the first entry of that kind; no data without one.
  std::span<const std::byte> find(std::uint16_t kind) const noexcept;

  const std::byte* entries_ = nullptr;
  const std::byte* end_ = nullptr;
};

}  // namespace shmbus::log
