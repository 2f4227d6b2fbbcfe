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
  static constexpr std::array units = {Unit{"ns", 1}, Unit{"us", 1e3}, Unit{"ms", 1e6}, Unit{"s", 1e9}};
  const auto ns = static_cast<double>(length.count());
  if (ns >= 59.95e9) {  // less would not be shown as "60.0 s"
    // Not by std::chrono::round: next to the longest time it goes beyond it.
    constexpr std::int64_t second = 1'000'000'000;
    const std::int64_t seconds = length.count() / second + (length.count() % second >= second / 2 ? 1 : 0);
    if (seconds < 3600) return fmt::format("{}m{:02}s", seconds / 60, seconds % 60);
    if (seconds < 24 * 3600) return fmt::format("{}h{:02}m", seconds / 3600, seconds % 3600 / 60);
    return fmt::format("{}d{:02}h", seconds / (24 * 3600), seconds % (24 * 3600) / 3600);
  }
  std::size_t unit = 0;
  // A value that would round up to one of the next unit is shown in the next unit.
  while (unit + 1 < units.size() && ns >= units[unit + 1].ns * 0.9995) ++unit;
  const double value = ns / units[unit].ns;
  const int digits = unit == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return fmt::format("{:.{}f} {}", value, digits, units[unit].name);
}

std::string counted(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace shmbus::tool
