#include "printable_text.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <iterator>

namespace shmbus::tool {
namespace {

struct Character {
  std::uint32_t code = 0;
  std::size_t size = 0;  // bytes; 0: not UTF-8
};

/// The first character of `bytes`, which are not empty.
Character decode(std::string_view bytes) noexcept {
  const auto lead = static_cast<unsigned char>(bytes.front());
  if (lead < 0x80) return {lead, 1};
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || bytes.size() < size) return {};
  std::uint32_t code = lead & (0x7fu >> size);
  for (const char c : bytes.substr(1, size - 1)) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0) != 0x80) return {};
    code = code << 6 | (byte & 0x3fu);
  }
  const bool overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  if (overlong || surrogate || code > 0x10ffff) return {};
  return {code, size};
}

bool is_control(std::uint32_t code) noexcept { return code < 0x20 || (code >= 0x7f && code < 0xa0); }

}  // namespace

bool is_text(std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const Character c = decode(bytes);
    if (c.size == 0) return false;
    if (is_control(c.code) && c.code != '\t' && c.code != '\n' && c.code != '\r') return false;
    bytes.remove_prefix(c.size);
  }
  return true;
}

bool is_utf8(std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const Character c = decode(bytes);
    if (c.size == 0) return false;
    bytes.remove_prefix(c.size);
  }
  return true;
}

std::string printable(std::string_view bytes) {
  std::string line;
  while (!bytes.empty()) {
    const Character c = decode(bytes);
    const std::size_t size = c.size == 0 ? 1 : c.size;
    if (c.size != 0 && !is_control(c.code)) {
      line += bytes.substr(0, size);
    } else {
      for (const char byte : bytes.substr(0, size)) line += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    }
    bytes.remove_prefix(size);
  }
  return line;
}

std::string hex(std::span<const std::byte> bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2 + bytes.size() / 8);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i > 0 && i % 8 == 0) text += ' ';
    const auto byte = std::to_integer<std::size_t>(bytes[i]);
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

}  // namespace shmbus::tool
