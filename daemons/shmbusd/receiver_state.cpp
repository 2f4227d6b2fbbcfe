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

}  // namespace shmbus::daemon
