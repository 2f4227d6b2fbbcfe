#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nats_handles.hpp"
#include "shmbus/publish_options.hpp"
#include "text_codec.hpp"

namespace shmbus::bridge {

/// What a bridge's message says of its event. Refers to the message.
struct ArrivedEvent {
  std::string_view topic, id, source, time, hops, type;
  EventId event;  ///< on the bus where it was published first
  std::span<const std::byte> payload;
  std::string key;
  std::optional<TraceContext> trace;
  std::vector<NamedText> headers;  ///< its own

  /// Nothing where the message is not one of a bridge's; `problem` then says what is wrong.
  static std::optional<ArrivedEvent> read(natsMsg* message, std::string_view topic, std::string& problem);
  /// How to publish it: with its passage in front of its own headers. Refers to this object.
  PublishOptions options(Timeout timeout) const;
};

}  // namespace shmbus::bridge
