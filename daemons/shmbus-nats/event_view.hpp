#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "shmbus/event.hpp"
#include "shmbus/snapshot.hpp"

namespace shmbus::bridge {

/// An event of the bus, whichever way it was read. Valid for as long as what it was made of.
struct EventView {
  EventId id;
  std::string_view topic;
  Time time{};
  std::span<const std::byte> payload;
  std::vector<EventHeader> headers;
  std::string_view key;
  std::optional<TraceContext> trace;
};

inline EventView view_of(const Event& event) {
  EventView view{event.id(), event.topic(), event.time(), event.payload(), {}, event.key(), {}};
  for (const EventHeader& header : event.headers()) view.headers.push_back(header);
  if (const TraceContext* trace = event.trace()) view.trace = *trace;
  return view;
}

inline EventView view_of(const EventSnapshot& event) {
  EventView view{event.id, event.topic, event.time, event.payload, {}, event.key, event.trace};
  for (const HeaderSnapshot& header : event.headers) view.headers.push_back({header.name, header.value});
  return view;
}

}  // namespace shmbus::bridge
