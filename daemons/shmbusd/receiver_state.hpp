#pragma once

#include <chrono>
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

}  // namespace shmbus::daemon
