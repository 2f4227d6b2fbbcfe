#include "duration_setting.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

namespace shmbus::daemon {

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) noexcept {
  using namespace std::chrono_literals;
  static constexpr std::array<std::pair<std::string_view, std::chrono::nanoseconds>, 4> units{
      {{"ms", 1ms}, {"s", 1s}, {"m", 1min}, {"h", 1h}}};
  constexpr std::chrono::nanoseconds longest = 24h * 3650;
  std::uint64_t number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return {};
  const std::string_view unit = text.substr(static_cast<std::size_t>(rest - text.data()));
  for (const auto& [name, length] : units) {
    if (name != unit) continue;
    if (number > static_cast<std::uint64_t>(longest / length)) return {};
    return static_cast<std::int64_t>(number) * length;
  }
  return {};
}

}  // namespace shmbus::daemon
