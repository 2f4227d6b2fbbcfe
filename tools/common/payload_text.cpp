#include "payload_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "printable_text.hpp"

namespace shmbus::tool {
namespace {

using Bytes = std::span<const std::byte>;

/// A field of a recorded type: "name:type@offset+size".
struct Field {
  std::string_view name, type;
  std::size_t offset = 0, size = 0;
};

std::string_view text_of(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

std::optional<std::size_t> parse_number(std::string_view text) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// Returns nothing if the text is not a field. A type's name may have colons, a field's name has none.
std::optional<Field> parse_field(std::string_view text) {
  const std::size_t colon = text.find(':'), at = text.rfind('@'), plus = text.rfind('+');
  if (colon == 0 || colon >= at || at == std::string_view::npos || plus == std::string_view::npos || plus < at)
    return std::nullopt;
  const auto offset = parse_number(text.substr(at + 1, plus - at - 1)), size = parse_number(text.substr(plus + 1));
  if (!offset || !size) return std::nullopt;
  return Field{text.substr(0, colon), text.substr(colon + 1, at - colon - 1), *offset, *size};
}

struct Fields {
  std::vector<Field> list;
  bool complete = true;  ///< false: the topic had no room to record all fields
};

/// Returns nothing if the text does not describe a type's fields, or if they do not lie within the payload.
std::optional<Fields> parse_fields(std::string_view text, std::size_t payload) {
  Fields fields;
  while (!text.empty()) {
    const std::size_t end = text.find(';');
    if (end == std::string_view::npos) {
      fields.complete = false;  // "..."
      break;
    }
    const auto field = parse_field(text.substr(0, end));
    if (!field || field->offset > payload || field->size > payload - field->offset) return std::nullopt;
    fields.list.push_back(*field);
    text.remove_prefix(end + 1);
  }
  if (fields.list.empty()) return std::nullopt;
  return fields;
}

template <class T>
T value_of(Bytes bytes) {
  T value{};
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

template <class T>
std::string number_text(Bytes bytes) {
  return bytes.size() == sizeof(T) ? fmt::format("{}", value_of<T>(bytes)) : std::string{};
}

std::string quoted(std::string_view text) { return fmt::format("\"{}\"", printable(text)); }

std::string bool_text(Bytes bytes) {
  if (bytes.size() != 1 || std::to_integer<unsigned>(bytes[0]) > 1) return {};
  return std::to_integer<unsigned>(bytes[0]) != 0 ? "true" : "false";
}

/// Returns an empty text if the type is not a number of this size.
std::string scalar_text(std::string_view type, Bytes bytes) {
  static constexpr std::array<std::pair<std::string_view, std::string (*)(Bytes)>, 18> kinds{{
      {"bool", bool_text},
      {"char", [](Bytes b) { return b.size() == 1 ? quoted(text_of(b)) : std::string{}; }},
      {"signed char", [](Bytes b) { return number_text<signed char>(b); }},
      {"unsigned char", [](Bytes b) { return number_text<unsigned char>(b); }},
      {"std::byte", [](Bytes b) { return number_text<unsigned char>(b); }},
      {"char8_t", [](Bytes b) { return b.size() == 1 ? quoted(text_of(b)) : std::string{}; }},
      {"char16_t", [](Bytes b) { return number_text<std::uint16_t>(b); }},
      {"char32_t", [](Bytes b) { return number_text<std::uint32_t>(b); }},
      {"short", [](Bytes b) { return number_text<short>(b); }},
      {"unsigned short", [](Bytes b) { return number_text<unsigned short>(b); }},
      {"int", [](Bytes b) { return number_text<int>(b); }},
      {"unsigned int", [](Bytes b) { return number_text<unsigned int>(b); }},
      {"long", [](Bytes b) { return number_text<long>(b); }},
      {"unsigned long", [](Bytes b) { return number_text<unsigned long>(b); }},
      {"long long", [](Bytes b) { return number_text<long long>(b); }},
      {"unsigned long long", [](Bytes b) { return number_text<unsigned long long>(b); }},
      {"float", [](Bytes b) { return number_text<float>(b); }},
      {"double", [](Bytes b) { return number_text<double>(b); }},
  }};
  const auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const auto& k) { return k.first == type; });
  return kind != kinds.end() ? kind->second(bytes) : std::string{};
}

/// For "char[16]" or "std::array<char, (unsigned long)16>": the element's type and the number of elements.
std::optional<std::pair<std::string_view, std::size_t>> parse_array(std::string_view type) {
  static constexpr std::string_view array = "std::array<", size_type = "(unsigned long)";
  if (type.starts_with(array) && type.ends_with('>')) {
    type = type.substr(array.size(), type.size() - array.size() - 1);
    const std::size_t comma = type.rfind(", ");
    if (comma == std::string_view::npos) return std::nullopt;
    std::string_view count = type.substr(comma + 2);
    if (count.starts_with(size_type)) count.remove_prefix(size_type.size());
    const auto number = parse_number(count);
    if (!number) return std::nullopt;
    return std::pair{type.substr(0, comma), *number};
  }
  const std::size_t bracket = type.find('[');
  if (bracket == std::string_view::npos || !type.ends_with(']')) return std::nullopt;
  const auto number = parse_number(type.substr(bracket + 1, type.size() - bracket - 2));
  if (!number) return std::nullopt;  // an array of several dimensions
  return std::pair{type.substr(0, bracket), *number};
}

/// Returns an empty text if the type is not an array of numbers or characters.
std::string array_text(std::string_view type, Bytes bytes) {
  const auto array = parse_array(type);
  if (!array || array->second == 0 || bytes.size() % array->second != 0) return {};
  if (array->first == "char") {
    const std::string_view text = text_of(bytes);
    const std::string_view shown = text.substr(0, text.find('\0'));
    if (is_text(shown)) return quoted(shown);
  }
  constexpr std::size_t most = 16;
  const std::size_t each = bytes.size() / array->second;
  std::string list;
  for (std::size_t i = 0; i < std::min(array->second, most); ++i) {
    const std::string element = scalar_text(array->first, bytes.subspan(i * each, each));
    if (element.empty()) return {};
    list += (i == 0 ? "" : ",") + element;
  }
  return fmt::format("[{}{}]", list, array->second > most ? ",..." : "");
}

std::string field_text(const Field& field, Bytes bytes) {
  std::string text = scalar_text(field.type, bytes);
  if (text.empty()) text = array_text(field.type, bytes);
  if (text.empty()) {
    constexpr std::size_t most = 32;
    text = "0x";
    for (const std::byte byte : bytes.first(std::min(bytes.size(), most)))
      text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
    if (bytes.size() > most) text += "...";
  }
  return fmt::format("{}={}", printable(field.name), text);
}

std::vector<std::string> field_lines(const Fields& fields, Bytes payload, std::size_t width) {
  std::vector<std::string> lines(1);
  const auto add = [&](const std::string& text) {
    if (!lines.back().empty() && lines.back().size() + 1 + text.size() > width) lines.emplace_back();
    lines.back() += (lines.back().empty() ? "" : " ") + text;
  };
  for (const Field& field : fields.list) add(field_text(field, payload.subspan(field.offset, field.size)));
  if (!fields.complete) add("...");
  return lines;
}

std::vector<std::string> text_lines(std::string_view text) {
  std::vector<std::string> lines;
  for (;;) {
    const std::size_t end = text.find('\n');
    lines.push_back(printable(text.substr(0, end)));
    if (end == std::string_view::npos || end + 1 == text.size()) return lines;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

std::vector<std::string> hex_dump(std::span<const std::byte> bytes) {
  constexpr std::size_t row = 16;
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < bytes.size(); at += row) {
    const Bytes part = bytes.subspan(at, std::min(row, bytes.size() - at));
    std::string hexadecimal, text;
    for (std::size_t i = 0; i < part.size(); ++i) {
      const auto byte = std::to_integer<unsigned char>(part[i]);
      hexadecimal += fmt::format("{}{:02x}", i == row / 2 ? "  " : i == 0 ? "" : " ", byte);
      text += byte >= 0x20 && byte < 0x7f ? static_cast<char>(byte) : '.';
    }
    lines.push_back(fmt::format("{:04x}  {:<48}  |{}|", at, hexadecimal, text));
  }
  return lines;
}

std::vector<std::string> payload_lines(std::span<const std::byte> payload, const TopicInfo& topic, std::size_t width) {
  if (payload.empty()) return {"(empty)"};
  const bool readable = is_text(text_of(payload));
  const bool may_be_raw = topic.accepts_raw && readable;
  if (topic.content == Content::typed && payload.size() == topic.type_size && !may_be_raw) {
    if (const auto fields = parse_fields(topic.type_fields, payload.size())) return field_lines(*fields, payload, width);
    // A type that is one number has no fields.
    if (std::string value = scalar_text(topic.type_name, payload); !value.empty()) return {std::move(value)};
    if (std::string value = array_text(topic.type_name, payload); !value.empty()) return {std::move(value)};
  }
  return readable ? text_lines(text_of(payload)) : hex_dump(payload);
}

}  // namespace shmbus::tool
