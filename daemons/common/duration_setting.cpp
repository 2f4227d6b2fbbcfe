#include "duration_setting.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

namespace shmbus::daemon {

namespace {

using namespace std::chrono_literals;

constexpr std::array<std::pair<std::string_view, std::chrono::nanoseconds>, 4> units{
    {{"h", 1h}, {"m", 1min}, {"s", 1s}, {"ms", 1ms}}};

}  // namespace

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) noexcept {
  constexpr std::chrono::nanoseconds longest = 24h * 3650;
  std::chrono::nanoseconds sum{0};
  std::size_t next = 0;  // each unit once, the longer before the shorter
  do {
    std::uint64_t number = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return {};
    text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
    const std::string_view unit = text.substr(0, text.find_first_of("0123456789"));
    while (next < units.size() && units[next].first != unit) ++next;
    if (next == units.size()) return {};
    const std::chrono::nanoseconds length = units[next++].second;
    if (number > static_cast<std::uint64_t>(longest / length)) return {};
    sum += static_cast<std::int64_t>(number) * length;
    text.remove_prefix(unit.size());
  } while (!text.empty());
  if (sum > longest) return {};
  return sum;
}

std::string duration_setting(std::chrono::nanoseconds time) {
  for (const auto& [unit, length] : units) {
    if (time >= length && time % length == 0ns) return std::to_string(time / length) + std::string{unit};
  }
  return "0s";
}

}  // namespace shmbus::daemon
