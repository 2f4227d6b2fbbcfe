#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "shmbus/event.hpp"

namespace shmbus::tool {

/// The parts of an Event that are printed.
struct EventParts {
  std::string_view topic;
  std::uint64_t sequence = 0;
  Time time{};
  unsigned publisher = 0;
  EventId id{};
  std::string_view payload;
};

EventParts parts_of(const Event& event);

/// How `shmbus sub` shows events.
struct PrintOptions {
  bool json = false;
  bool topic_name = false;  ///< raw lines begin with the topic's name and a space
  bool terminal = false;    ///< raw payloads that are not text become hexadecimal
};

/// Appends the event as one JSON object and a newline, or as its payload and a newline.
void print_event(std::string& out, const EventParts& event, const PrintOptions& options);

}  // namespace shmbus::tool
