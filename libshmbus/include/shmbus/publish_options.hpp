#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "shmbus/event_header.hpp"
#include "shmbus/timeout.hpp"
#include "shmbus/trace_context.hpp"

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

/// How one event is published, and what travels with it beside the payload:
/// `publisher.publish(text, {.headers = {{"content-type", "json"}}, .key = "user-42"})`.
///
/// Names, values and key are copied into the event. *Requires*: what they point to is valid until the call returns.
///
/// What travels with the event shares the block with its payload: together they may take `TopicInfo::max_payload`
/// bytes, else the event is `too_large`. A trace takes 40 bytes, all headers together 8 and for each 8, its name and its
/// value, a key 8 and its bytes; each of the three is rounded up to 8. To their sum come 8 bytes, and it is rounded up
/// to the topic's alignment. An event with none of them takes nothing.
struct PublishOptions {
  /// How long to wait while a reliable subscriber holds the ring back; then the result is `back_pressured`. 0: not at
  /// all. *Default*: without bound.
  Timeout timeout = Timeout::unlimited();

  /// For tracers; see Event::trace. *Default*: none.
  std::optional<TraceContext> trace{};

  /// See Event::headers. One without a name is left out. *Default*: none.
  std::vector<EventHeader> headers{};

  /// What the event is about, for example the id of a user; see Event::key. *Default*: empty, which is no key.
  std::string_view key{};
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
