#include "c/json_writer.hpp"

namespace shmbus::c {

namespace {

constexpr std::string_view kHex = "0123456789abcdef";

/// Returns the bytes of the UTF-8 sequence at the begin; 0 where there is no valid one.
std::size_t sequence_length(std::string_view text) noexcept {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xc2 && first < 0xe0   ? 2
                             : first >= 0xe0 && first < 0xf0 ? 3
                             : first >= 0xf0 && first < 0xf5 ? 4
                                                             : 0;
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
  }
  if (first == 0xe0 && at(1) < 0xa0) return 0;   // too long a form
  if (first == 0xed && at(1) >= 0xa0) return 0;  // a surrogate
  if (first == 0xf0 && at(1) < 0x90) return 0;
  if (first == 0xf4 && at(1) >= 0x90) return 0;  // beyond the last character
  return length;
}

}  // namespace

void JsonWriter::add(std::string_view value) {
  begin();
  text_ += '"';
  while (!value.empty()) {
    const auto c = static_cast<unsigned char>(value[0]);
    std::size_t length = sequence_length(value);
    if (c == '"' || c == '\\') {
      text_ += '\\', text_ += value[0];
    } else if (c < 0x20) {
      text_ += "\\u00", text_ += kHex[c >> 4], text_ += kHex[c & 15];
    } else if (length == 0) {
      text_ += "\xef\xbf\xbd";  // the replacement character
      length = 1;
    } else {
      text_ += value.substr(0, length);
    }
    value.remove_prefix(length);
  }
  text_ += '"';
}

bool is_utf8(std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const std::size_t length = sequence_length(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

std::string base64(std::span<const std::byte> bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = bytes.size() - i;
    const auto byte = [&](std::size_t n) { return n < left ? static_cast<unsigned>(bytes[i + n]) : 0u; };
    const unsigned all = byte(0) << 16 | byte(1) << 8 | byte(2);
    text += digits[all >> 18];
    text += digits[all >> 12 & 63];
    text += left > 1 ? digits[all >> 6 & 63] : '=';
    text += left > 2 ? digits[all & 63] : '=';
  }
  return text;
}

std::string hexadecimal(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte b : bytes) {
    text += kHex[static_cast<unsigned>(b) >> 4];
    text += kHex[static_cast<unsigned>(b) & 15];
  }
  return text;
}

}  // namespace shmbus::c
