#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event_view.hpp"
#include "text_codec.hpp"

namespace shmbus::bridge {

// How an event's description travels in a message's headers: CloudEvents 1.0 in its binary mode for NATS, W3C Trace
// Context, and headers of our own. shmbus-nats(8) describes each.

namespace header {
inline constexpr const char* version = "ce-specversion";
inline constexpr const char* id = "ce-id";
inline constexpr const char* source = "ce-source";
inline constexpr const char* type = "ce-type";
inline constexpr const char* time = "ce-time";
inline constexpr const char* trace = "traceparent";
inline constexpr const char* key = "shmbus-key";          ///< percent-encoded
inline constexpr const char* content = "shmbus-type";     ///< of a typed topic: the fields of TypeInfo, as a form
inline constexpr const char* hops = "shmbus-hops";        ///< of a forwarded event: the bridges it has passed, in order
inline constexpr const char* writer = "shmbus-writer";    ///< of a forwarded event: see Written
inline constexpr const char* own = "shmbus-headers";      ///< all headers of the event in their order, as a form
inline constexpr const char* expected = "Nats-Expected-Last-Sequence";
}  // namespace header

/// Where an event was published first: "shmbus://BRIDGE/BUS/MACHINE".
struct Source {
  std::string_view bridge, bus, machine;
  /// Nothing for any other text. Refers to the text.
  static std::optional<Source> parse(std::string_view text);
};
std::string source_text(std::string_view bridge, std::string_view bus, std::string_view machine);

/// What a message is on the side of the stream's writer. A stream has one writer at a time: one bus of one machine. It is
/// the message's source and id; of a forwarded event it has a header of its own, "SOURCE EVENT".
struct Written {
  std::string bus, machine;
  EventId event;             ///< its `bus` is the incarnation
  std::uint64_t place = 0;   ///< of the message in the stream

  static std::optional<Written> parse(std::string_view source, std::string_view event);
};

/// The headers of the message that carries an event.
class HeaderWriter {
 public:
  HeaderWriter(std::string bridge, std::string_view bus, std::string_view machine);

  /// Appends "name\0value\0" for each, and returns their number. `type` is the topic's as `type_text` gives it; empty: raw
  /// bytes.
  std::size_t append(std::string& to, const EventView& event, std::string_view type);

 private:
  std::size_t append_time(std::string& to, Time time);

  std::string bridge_;
  std::string source_;
  std::int64_t second_ = -1;  // that `clock_` shows
  std::string clock_;
};

/// A topic's type as the header has it; empty for raw bytes.
std::string type_text(const TypeInfo& type);

/// A type that a header describes. Owns its texts.
struct TypeText {
  std::string name, fields;
  std::size_t size = 0, alignment = 0;
  std::uint64_t layout = 0;
  TypeInfo type() const noexcept { return {name, size, alignment, layout, fields}; }
};
/// Nothing where the text is not what `type_text` returns.
std::optional<TypeText> parse_type(std::string_view text);

/// An event's own description of the way it came: its first headers, where a bridge published it.
struct Passage {
  std::string_view hops, id, source, time;
};
/// The passage of an event that came in; nothing for one of this host. `headers` are the event's.
std::optional<Passage> passage_of(const std::vector<EventHeader>& headers);
inline constexpr std::size_t passage_headers = 4;

/// Whether a bridge is in a list of hops.
bool passed(std::string_view hops, std::string_view bridge) noexcept;

}  // namespace shmbus::bridge
