#include "rare_line.hpp"

#include <utility>

#include <fmt/format.h>

#include "quantity_text.hpp"

namespace shmbus::daemon {

std::optional<std::string> RareLine::say(const std::string& line, Clock::time_point now) {
  if (last_ && now - *last_ < std::chrono::seconds{1}) {
    ++held_back_;
    return std::nullopt;
  }
  last_ = now;
  const std::uint64_t before = std::exchange(held_back_, 0);
  return before == 0 ? line : fmt::format("{} (and {} before)", line, tool::counted(before, "such message"));
}

}  // namespace shmbus::daemon
