#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace shmbus::daemon {

/// Whether the receiver of traces is there. It says once that it has been away for long, and once that it is back.
class ReceiverState {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds long_time{10};

  /// An attempt failed, for a reason that may pass. Returns what to warn of; mostly nothing.
  std::optional<std::string> failed(const std::string& endpoint, const std::string& why, Clock::time_point now);
  /// The receiver answered. Returns what to log; mostly nothing.
  std::optional<std::string> answered(const std::string& endpoint, Clock::time_point now);

 private:
  std::optional<Clock::time_point> away_since_;
  bool warned_ = false;
};

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
