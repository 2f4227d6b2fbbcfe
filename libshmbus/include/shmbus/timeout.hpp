#pragma once

#include <chrono>

#include "shmbus/detail/saturated.hpp"

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

/// How long a call may wait. Any duration converts to it: one of more than 292 years is no bound, a negative one, or no
/// number, is 0.
class Timeout {
 public:
  /// No bound.
  static constexpr Timeout unlimited() noexcept { return Timeout(std::chrono::nanoseconds::max()); }

  template <class Rep, class Period>
  constexpr Timeout(std::chrono::duration<Rep, Period> length) noexcept : length_(detail::saturated(length)) {}

  /// Its length, from 0 to `nanoseconds::max()`, which is no bound.
  constexpr std::chrono::nanoseconds length() const noexcept { return length_; }

 private:
  std::chrono::nanoseconds length_;
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
