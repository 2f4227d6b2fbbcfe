#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shmbus/event.hpp"
#include "shmbus/snapshot.hpp"

namespace shmbus::tool {

/// What travels with an event beside its payload. Valid for as long as the event.
struct EventExtras {
  std::string_view key{};
  std::vector<EventHeader> headers{};
  std::optional<TraceContext> trace{};
  std::optional<EventId> cause{};
};

EventExtras extras_of(const Event& event);
EventExtras extras_of(const EventSnapshot& event);

/// Shows them to people, a line each, safe for any terminal: `key user-42`, `header content-type: json`,
/// `traceparent 00-...`, `caused by` an event's id. What is longer than `width` bytes is cut. No line for what is not there.
std::vector<std::string> extra_lines(const EventExtras& extras, std::size_t width);

}  // namespace shmbus::tool
