#include "json_writer.hpp"

#include <fmt/format.h>

#include "printable_text.hpp"

namespace shmbus::tracing {
namespace {

/// Bytes of the character that begins the text; 0 where it is not UTF-8.
std::size_t character_size(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t size = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (size == 1) return 1;
  if (text.size() < size) return 0;
  return tool::is_utf8(text.substr(0, size)) ? size : 0;
}

void quote(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    const char c = text.front();
    if (size == 0) {
      out += "\\ufffd";
    } else if (c == '"' || c == '\\') {
      out.append(1, '\\').append(1, c);
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      out.append(text.substr(0, size));
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  out += '"';
}

}  // namespace

void JsonWriter::separate() {
  if (!first_) out_ += ',';
  first_ = false;
}

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  out_ += bracket;
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  out_ += bracket;
  first_ = false;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  quote(out_, name);
  out_ += ':';
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::text(std::string_view value) {
  separate();
  quote(out_, value);
  return *this;
}

JsonWriter& JsonWriter::verbatim(std::string_view number) {
  separate();
  out_ += number;
  return *this;
}

JsonWriter& JsonWriter::number(std::int64_t value) { return verbatim(std::to_string(value)); }
JsonWriter& JsonWriter::number_text(std::int64_t value) { return text(std::to_string(value)); }
JsonWriter& JsonWriter::boolean(bool value) { return verbatim(value ? "true" : "false"); }
JsonWriter& JsonWriter::null() { return verbatim("null"); }

}  // namespace shmbus::tracing
