#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string_view>

#include "shmbus/options.hpp"

namespace shmbus::daemon {

/// How long to wait before the next attempt: twice as long each time, up to a limit. Each wait is drawn between half of
/// that and all of it, so that many daemons do not come back at the same moment.
class RetryDelay {
 public:
  explicit RetryDelay(std::uint32_t seed = std::random_device{}()) : random_(seed) {}

  static constexpr std::chrono::milliseconds first{500};
  static constexpr std::chrono::seconds most{30};

  std::chrono::nanoseconds next();
  void reset() noexcept { step_ = first; }

 private:
  std::chrono::nanoseconds step_ = first;
  std::minstd_rand random_;
};

/// The value of the header Retry-After, seconds or a date of HTTP, as a time from now: 0 to an hour. Nothing where it is
/// neither.
std::optional<std::chrono::nanoseconds> parse_retry_after(std::string_view text, Time now);

}  // namespace shmbus::daemon
