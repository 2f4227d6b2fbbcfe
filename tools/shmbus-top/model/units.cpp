#include "model/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "quantity_text.hpp"

namespace shmbus::top {
namespace {

std::string without_spaces(std::string text) {
  std::erase(text, ' ');
  return text;
}

/// Three digits, and how many thousands they stand for.
std::string scaled(double value) {
  static constexpr std::array prefixes = {"", "k", "M", "G", "T", "P"};
  std::size_t i = 0;
  // 999.5 and more would be shown as "1000".
  for (; value >= 999.5 && i + 1 < prefixes.size(); ++i) value /= 1000;
  const int digits = value >= 99.95 || (i == 0 && value == 0) ? 0 : value >= 9.995 ? 1 : 2;
  return fmt::format("{:.{}f}{}", value, digits, prefixes[i]);
}

}  // namespace

Units after(Units units) {
  return units == Units::binary ? Units::decimal : units == Units::decimal ? Units::exact : Units::binary;
}

const char* to_string(Units units) noexcept {
  return units == Units::binary ? "binary" : units == Units::decimal ? "decimal" : "exact";
}

std::optional<Units> parse_units(std::string_view text) {
  for (const Units units : {Units::binary, Units::decimal, Units::exact}) {
    if (text == to_string(units)) return units;
  }
  return std::nullopt;
}

std::string rate_text(double per_second, Units units) {
  return units == Units::exact ? fmt::format("{:.0f}", per_second) : scaled(per_second);
}

std::string bytes_text(double bytes, Units units) {
  if (units == Units::exact) return fmt::format("{:.0f}", bytes);
  if (units == Units::binary) return without_spaces(tool::byte_count(static_cast<std::uint64_t>(bytes)));
  return scaled(bytes) + 'B';
}

std::string time_text(std::chrono::nanoseconds length) { return without_spaces(tool::duration_text(length)); }

}  // namespace shmbus::top
