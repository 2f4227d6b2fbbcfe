#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace shmbus::tool {

/// True for what a person can read: well-formed UTF-8 without control characters other than tab, newline and carriage
/// return. So a struct of small numbers is not taken for text, and no escape sequence reaches a terminal.
bool is_text(std::string_view bytes) noexcept;

/// The same text on one line, safe for any terminal: control characters and what is not UTF-8 become `\xNN`.
std::string printable(std::string_view bytes);

/// Lower-case hexadecimal digits, a space after each eight bytes.
std::string hex(std::span<const std::byte> bytes);

/// 1536 -> "1.5 KiB".
std::string byte_count(std::uint64_t bytes);

/// A length of time with three digits and its unit: "850 ns", "12.3 us", "1.50 s", "2.50 h".
std::string duration_text(std::chrono::nanoseconds length);

/// "1 event", "2 events".
std::string counted(std::uint64_t count, std::string_view noun);

}  // namespace shmbus::tool
