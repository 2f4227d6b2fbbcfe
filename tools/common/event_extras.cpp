#include "event_extras.hpp"

#include "printable_text.hpp"

namespace shmbus::tool {
namespace {

std::string cut(std::string line, std::size_t width) {
  constexpr std::string_view mark = "...";
  if (line.size() <= width) return line;
  std::size_t end = width > mark.size() ? width - mark.size() : 0;
  while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xc0) == 0x80) --end;  // not inside a character
  return line.substr(0, end).append(mark);
}

}  // namespace

EventExtras extras_of(const Event& event) {
  EventExtras extras{.key = event.key(), .cause = event.cause()};
  for (const EventHeader header : event.headers()) extras.headers.push_back(header);
  if (const TraceContext* trace = event.trace()) extras.trace = *trace;
  return extras;
}

EventExtras extras_of(const EventSnapshot& event) {
  EventExtras extras{.key = event.key, .trace = event.trace, .cause = event.cause};
  for (const HeaderSnapshot& header : event.headers) extras.headers.push_back({header.name, header.value});
  return extras;
}

std::vector<std::string> extra_lines(const EventExtras& extras, std::size_t width) {
  std::vector<std::string> lines;
  const auto add = [&](std::string line) { lines.push_back(cut(std::move(line), width)); };
  if (!extras.key.empty()) add("key " + printable(extras.key));
  for (const EventHeader& header : extras.headers)
    add("header " + printable(header.name) + ": " + printable(header.value));
  if (extras.trace) add("traceparent " + extras.trace->traceparent());
  if (extras.cause) add("caused by " + extras.cause->to_string());
  return lines;
}

}  // namespace shmbus::tool
