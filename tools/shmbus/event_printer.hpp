#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "event_extras.hpp"
#include "shmbus/event.hpp"
#include "shmbus/snapshot.hpp"
#include "shmbus/topic_info.hpp"

namespace shmbus::tool {

/// The parts of an event that are printed. Valid for as long as the event.
struct EventParts {
  std::string_view topic;
  std::uint64_t sequence = 0;
  Time time{};
  unsigned publisher = 0;
  EventId id{};
  std::string_view payload;
  EventExtras extras{};
};

EventParts parts_of(const Event& event);
EventParts parts_of(const EventSnapshot& event);

/// How `shmbus sub` shows events.
struct PrintOptions {
  bool json = false;
  bool raw = false;         ///< payloads alone on a terminal, too
  bool topic_name = false;  ///< raw lines begin with the topic's name and a space
  std::size_t columns = 0;  ///< of the terminal that is printed to; 0: none
};

/// Whether events are shown to a person, as `print_for_people` does.
inline bool for_people(const PrintOptions& options) { return options.columns != 0 && !options.json && !options.raw; }

/// Appends the event as one JSON object and a newline, or as its payload and a newline. On a terminal a payload that
/// is not text becomes hexadecimal. A JSON object has what travels with the event beside its payload where it has any:
/// "key", "headers" (objects of "name" and "value", in the publisher's order), "traceparent" and "cause", an event's id.
void print_event(std::string& out, const EventParts& event, const PrintOptions& options);

/// Appends the event for people: time, topic, number and kind, then the payload; beside them where it has one line
/// that fits `columns`, else below; its key, headers, trace and cause on lines between. Of a long payload the begin is
/// shown. `now` is the time of printing.
void print_for_people(std::string& out, const EventParts& event, const TopicInfo& topic, std::size_t columns, Time now);

}  // namespace shmbus::tool
