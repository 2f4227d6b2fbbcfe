#include "receiver_state.hpp"

#include <utility>

#include <fmt/format.h>

#include "quantity_text.hpp"

namespace shmbus::daemon {

std::optional<std::string> ReceiverState::failed(const std::string& endpoint, const std::string& why,
                                                 Clock::time_point now) {
  if (!away_since_) away_since_ = now;
  if (warned_ || now - *away_since_ < long_time) return std::nullopt;
  warned_ = true;
  return fmt::format(
      "traces can't be sent to {} for {} by now: {}; they wait, and the oldest are dropped when trace.queue is full: start "
      "the receiver, or correct trace.endpoint",
      endpoint, tool::duration_text(now - *away_since_), why);
}

std::optional<std::string> ReceiverState::answered(const std::string& endpoint, Clock::time_point now) {
  const auto since = std::exchange(away_since_, std::nullopt);
  if (!std::exchange(warned_, false)) return std::nullopt;
  return fmt::format("traces are sent to {} again, after {}", endpoint, tool::duration_text(now - *since));
}

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
