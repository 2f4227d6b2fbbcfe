#include "quantity_text.hpp"

#include <fmt/format.h>

#include <array>

namespace shmbus::tool {

std::string byte_count(std::uint64_t bytes) {
  static constexpr std::array units = {"B", "KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  // 1023.95 and more would be shown as "1024.0".
  for (; value >= 1023.95 && unit + 1 < units.size(); ++unit) value /= 1024;
  return fmt::format("{:.1f} {}", value, units[unit]);
}

std::string duration_text(std::chrono::nanoseconds length) {
  struct Unit {
    const char* name;
    double ns;
  };
  static constexpr std::array units = {Unit{"ns", 1},     Unit{"us", 1e3},   Unit{"ms", 1e6},       Unit{"s", 1e9},
                                       Unit{"min", 60e9}, Unit{"h", 3600e9}, Unit{"d", 24 * 3600e9}};
  const auto ns = static_cast<double>(length.count());
  std::size_t unit = 0;
  // What would be shown as a whole one of the next unit is shown so; minutes and longer begin at two.
  while (unit + 1 < units.size() && ns >= units[unit + 1].ns * (unit + 1 < 4 ? 0.9995 : 2)) ++unit;
  const double value = ns / units[unit].ns;
  const int digits = unit == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return fmt::format("{:.{}f} {}", value, digits, units[unit].name);
}

std::string counted(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace shmbus::tool
