#include "event_printer.hpp"

#include <nlohmann/json.hpp>

#include "base64.hpp"
#include "printable_text.hpp"
#include "time_text.hpp"

namespace shmbus::tool {
namespace {

std::span<const std::byte> bytes(std::string_view payload) { return std::as_bytes(std::span{payload}); }

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
  out += object.dump();
}

void print_raw(std::string& out, const EventParts& event, const PrintOptions& options) {
  if (options.topic_name) out.append(event.topic).append(1, ' ');
  if (options.terminal && !is_text(event.payload)) {
    out += hex(bytes(event.payload));
  } else {
    out += event.payload;
  }
}

}  // namespace

EventParts parts_of(const Event& event) {
  return {event.topic(), event.sequence(), event.time(), event.publisher(), event.id(), event.text()};
}

void print_event(std::string& out, const EventParts& event, const PrintOptions& options) {
  if (options.json) {
    print_json(out, event);
  } else {
    print_raw(out, event, options);
  }
  out += '\n';
}

}  // namespace shmbus::tool
