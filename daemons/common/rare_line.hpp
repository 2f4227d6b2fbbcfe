#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace shmbus::daemon {

/// Lets a line through at most once a second, and counts the others.
class RareLine {
 public:
  using Clock = std::chrono::steady_clock;

  /// The line to log, with the number of those that were held back before; nothing: hold this one back.
  std::optional<std::string> say(const std::string& line, Clock::time_point now);

 private:
  std::optional<Clock::time_point> last_;
  std::uint64_t held_back_ = 0;
};

}  // namespace shmbus::daemon
