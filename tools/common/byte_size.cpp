#include "byte_size.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace shmbus::tool {

std::optional<std::uint64_t> parse_byte_size(std::string_view text) noexcept {
  struct Unit {
    std::string_view name;
    unsigned shift;
  };
  static constexpr std::array units = {Unit{"", 0},   Unit{"B", 0},    Unit{"K", 10}, Unit{"KiB", 10},
                                       Unit{"M", 20}, Unit{"MiB", 20}, Unit{"G", 30}, Unit{"GiB", 30}};
  std::uint64_t number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
  const auto unit = std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.name == text; });
  if (unit == units.end() || number > (~std::uint64_t{0} >> unit->shift)) return std::nullopt;
  return number << unit->shift;
}

}  // namespace shmbus::tool
