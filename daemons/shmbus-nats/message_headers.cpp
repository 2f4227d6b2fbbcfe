#include "message_headers.hpp"

#include <charconv>
#include <ctime>
#include <utility>

#include <fmt/format.h>

namespace shmbus::bridge {
namespace {

std::size_t append_header(std::string& to, std::string_view name, std::string_view value) {
  to.append(name).push_back('\0');
  to.append(value).push_back('\0');
  return 1;
}

/// Names that a message uses itself: an own header of such a name travels in the list of all of them alone.
bool is_reserved(std::string_view name) {
  return name.starts_with("ce-") || name.starts_with("shmbus-") || name.starts_with("Nats-") || name == header::trace ||
         name == "Status" || name == "Description";
}

template <class Number>
bool read_number(std::string_view text, Number& number, int base = 10) {
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return error == std::errc{} && rest == text.data() + text.size();
}

}  // namespace

std::optional<Source> Source::parse(std::string_view text) {
  constexpr std::string_view scheme = "shmbus://";
  if (!text.starts_with(scheme)) return std::nullopt;
  text.remove_prefix(scheme.size());
  const std::size_t first = text.find('/'), last = text.rfind('/');
  if (first == std::string_view::npos || first == last || first == 0 || last + 1 == text.size()) return std::nullopt;
  return Source{text.substr(0, first), text.substr(first + 1, last - first - 1), text.substr(last + 1)};
}

std::string source_text(std::string_view bridge, std::string_view bus, std::string_view machine) {
  return fmt::format("shmbus://{}/{}/{}", bridge, bus, machine);
}

std::optional<Written> Written::parse(std::string_view source, std::string_view event) {
  const auto from = Source::parse(source);
  const auto id = EventId::parse(event);
  if (!from || !id) return std::nullopt;
  return Written{std::string{from->bus}, std::string{from->machine}, *id, 0};
}

HeaderWriter::HeaderWriter(std::string bridge, std::string_view bus, std::string_view machine)
    : bridge_(std::move(bridge)), source_(source_text(bridge_, bus, machine)) {}

std::size_t HeaderWriter::append_time(std::string& to, Time time) {
  const std::int64_t ns = time.time_since_epoch().count();
  const std::int64_t second = ns / 1'000'000'000 - (ns % 1'000'000'000 < 0 ? 1 : 0);
  if (second != second_ || clock_.empty()) {
    second_ = second;
    const std::time_t seconds = second;
    std::tm utc{};
    ::gmtime_r(&seconds, &utc);
    clock_ = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                         utc.tm_hour, utc.tm_min, utc.tm_sec);
  }
  to.append(header::time).push_back('\0');
  to += clock_;
  fmt::format_to(std::back_inserter(to), "{:09}Z", ns - second * 1'000'000'000);
  to.push_back('\0');
  return 1;
}

std::size_t HeaderWriter::append(std::string& to, const EventView& event, std::string_view type) {
  const std::optional<Passage> passage = passage_of(event.headers);
  std::size_t count = 0;
  count += append_header(to, header::version, "1.0");
  count += append_header(to, header::id, passage ? std::string{passage->id} : event.id.to_string());
  count += append_header(to, header::source, passage ? passage->source : source_);
  count += append_header(to, header::type, event.topic);
  if (passage)
    count += append_header(to, header::time, passage->time);
  else if (event.time != Time{})
    count += append_time(to, event.time);
  if (passage) {
    count += append_header(to, header::hops, std::string{passage->hops} + ',' + bridge_);
    count += append_header(to, header::writer, source_ + ' ' + event.id.to_string());
  }
  if (event.trace) count += append_header(to, header::trace, event.trace->traceparent());
  if (!event.key.empty()) count += append_header(to, header::key, percent_encoded(event.key));
  if (!type.empty()) count += append_header(to, header::content, type);
  std::vector<NamedText> own;
  for (std::size_t i = passage ? passage_headers : 0; i < event.headers.size(); ++i)
    own.emplace_back(event.headers[i].name, event.headers[i].value);
  if (own.empty()) return count;
  count += append_header(to, header::own, form_encoded(own));
  for (const auto& [name, value] : own)
    if (is_plain_name(name) && is_plain_value(value) && !is_reserved(name)) count += append_header(to, name, value);
  return count;
}

std::string type_text(const TypeInfo& type) {
  if (type.raw()) return {};
  return form_encoded({{"name", std::string{type.name}},
                       {"size", std::to_string(type.size)},
                       {"alignment", std::to_string(type.alignment)},
                       {"layout", fmt::format("{:016x}", type.layout)},
                       {"fields", std::string{type.fields}}});
}

std::optional<TypeText> parse_type(std::string_view text) {
  TypeText type;
  for (auto& [name, value] : form_decoded(text)) {
    if (name == "name") type.name = std::move(value);
    else if (name == "fields") type.fields = std::move(value);
    else if (name == "size" && !read_number(value, type.size)) return std::nullopt;
    else if (name == "alignment" && !read_number(value, type.alignment)) return std::nullopt;
    else if (name == "layout" && !read_number(value, type.layout, 16)) return std::nullopt;
  }
  if (type.name.empty()) return std::nullopt;
  return type;
}

std::optional<Passage> passage_of(const std::vector<EventHeader>& headers) {
  if (headers.size() < passage_headers || headers[0].name != header::hops || headers[1].name != header::id ||
      headers[2].name != header::source || headers[3].name != header::time)
    return std::nullopt;
  // Whoever publishes on the bus may have written them.
  for (std::size_t i = 0; i < passage_headers; ++i)
    if (!is_plain_value(headers[i].value) && !(i == 3 && headers[i].value.empty())) return std::nullopt;
  return Passage{headers[0].value, headers[1].value, headers[2].value, headers[3].value};
}

bool passed(std::string_view hops, std::string_view bridge) noexcept {
  for (;;) {
    const std::size_t comma = hops.find(',');
    if (hops.substr(0, comma) == bridge) return true;
    if (comma == std::string_view::npos) return false;
    hops.remove_prefix(comma + 1);
  }
}

}  // namespace shmbus::bridge
