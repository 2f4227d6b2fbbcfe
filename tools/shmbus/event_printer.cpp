#include "event_printer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "base64.hpp"
#include "payload_text.hpp"
#include "printable_text.hpp"
#include "quantity_text.hpp"
#include "time_text.hpp"

namespace shmbus::tool {
namespace {

std::span<const std::byte> bytes(std::string_view payload) { return std::as_bytes(std::span{payload}); }

/// Text as it is; else in base64, under a name that says so.
void add_bytes(nlohmann::ordered_json& object, const std::string& name, std::string_view value) {
  if (is_text(value))
    object[name] = value;
  else
    object[name + "_base64"] = base64(bytes(value));
}

void print_json(std::string& out, const EventParts& event) {
  nlohmann::ordered_json object;
  object["topic"] = event.topic;
  object["sequence"] = event.sequence;
  // The epoch stands for "this topic carries no time stamps".
  object["time"] = nullptr;
  if (event.time != Time{}) object["time"] = rfc3339(event.time);
  object["publisher"] = event.publisher;
  object["id"] = event.id.to_string();
  if (is_text(event.payload)) {
    object["text"] = event.payload;
  } else {
    object["base64"] = base64(bytes(event.payload));
  }
  const EventExtras& extras = event.extras;
  if (!extras.key.empty()) add_bytes(object, "key", extras.key);
  for (const EventHeader& header : extras.headers) {
    nlohmann::ordered_json entry;
    add_bytes(entry, "name", header.name);
    add_bytes(entry, "value", header.value);
    object["headers"].push_back(std::move(entry));
  }
  if (extras.trace) object["traceparent"] = extras.trace->traceparent();
  if (extras.cause) object["cause"] = extras.cause->to_string();
  out += object.dump();
}

void print_raw(std::string& out, const EventParts& event, const PrintOptions& options) {
  if (options.topic_name) out.append(event.topic).append(1, ' ');
  if (options.columns != 0 && !is_text(event.payload)) {
    out += hex(bytes(event.payload));
  } else {
    out += event.payload;
  }
}

/// What the payload is, in a word or two.
std::string kind_text(const EventParts& event, const TopicInfo& topic) {
  if (topic.content == Content::typed && event.payload.size() == topic.type_size &&
      !(topic.accepts_raw && is_text(event.payload)))
    return printable(topic.type_name);
  return is_text(event.payload) ? "text" : counted(event.payload.size(), "byte");
}

/// The begin of a payload: a person reads no more, and a terminal does not like more.
std::string_view shown_part(std::string_view payload, const TopicInfo& topic) {
  constexpr std::size_t most_text = 16'384, most_bytes = 512;
  if (topic.content == Content::typed && payload.size() == topic.type_size) return payload;
  if (!is_text(payload)) return payload.substr(0, most_bytes);
  std::size_t end = std::min(payload.size(), most_text);
  while (end < payload.size() && end > 0 && (static_cast<unsigned char>(payload[end]) & 0xc0) == 0x80) --end;
  return payload.substr(0, end);
}

}  // namespace

EventParts parts_of(const Event& event) {
  return {event.topic(), event.sequence(), event.time(), event.publisher(), event.id(), event.text(),
          extras_of(event)};
}

EventParts parts_of(const EventSnapshot& event) {
  return {event.topic,
          event.sequence,
          event.time,
          event.publisher,
          event.id,
          {reinterpret_cast<const char*>(event.payload.data()), event.payload.size()},
          extras_of(event)};
}

void print_event(std::string& out, const EventParts& event, const PrintOptions& options) {
  if (options.json) {
    print_json(out, event);
  } else {
    print_raw(out, event, options);
  }
  out += '\n';
}

void print_for_people(std::string& out, const EventParts& event, const TopicInfo& topic, std::size_t columns,
                      Time now) {
  constexpr std::string_view indent = "  ";
  constexpr std::size_t most_lines = 40;
  const std::size_t width = columns > indent.size() ? columns - indent.size() : columns;
  const std::string head = fmt::format("{} {} #{} {}", event.time != Time{} ? clock_text(event.time, now) : "-",
                                       event.topic, event.sequence, kind_text(event, topic));
  const std::string_view part = shown_part(event.payload, topic);
  std::vector<std::string> lines = payload_lines(bytes(part), topic, width);
  const bool cut = part.size() < event.payload.size() || lines.size() > most_lines;
  if (lines.size() > most_lines) lines.resize(most_lines);
  if (cut) lines.push_back(fmt::format("... of {}; --raw shows all", counted(event.payload.size(), "byte")));
  out += head;
  if (lines.size() == 1 && head.size() + indent.size() + lines.front().size() <= columns) {
    out.append(indent).append(lines.front());
    lines.clear();
  }
  out += '\n';
  for (const std::string& line : extra_lines(event.extras, width)) out.append(indent).append(line).append(1, '\n');
  for (const std::string& line : lines) out.append(indent).append(line).append(1, '\n');
}

}  // namespace shmbus::tool
