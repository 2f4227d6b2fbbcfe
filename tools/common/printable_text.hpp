#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace shmbus::tool {

/// Returns whether bytes are readable text: well-formed UTF-8 without control characters other than tab, newline and
/// carriage return. So a struct of small numbers is not taken for text, and no escape sequence reaches a terminal.
bool is_text(std::string_view bytes) noexcept;

/// Returns whether bytes are well-formed UTF-8, with or without control characters.
bool is_utf8(std::string_view bytes) noexcept;

/// The text on one line, safe for any terminal: control characters and bytes that are not UTF-8 become `\xNN`.
std::string printable(std::string_view bytes);

/// Lower-case hexadecimal digits, a space after each eight bytes.
std::string hex(std::span<const std::byte> bytes);

}  // namespace shmbus::tool
