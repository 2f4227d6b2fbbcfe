#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

/// Identifies one event among all events of a machine: no two events have the same id.
struct EventId {
  std::uint64_t bus = 0;       ///< incarnation of the bus
  std::uint64_t topic = 0;     ///< incarnation of the topic
  std::uint64_t sequence = 0;  ///< within the topic

  /// Returns "bus-topic-sequence": sixteen hexadecimal digits each for bus and topic, and the decimal sequence.
  std::string to_string() const;
  /// Parses what `to_string` returns. Returns nothing for any other text.
  static std::optional<EventId> parse(std::string_view text) noexcept;

  friend bool operator==(const EventId&, const EventId&) = default;
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
