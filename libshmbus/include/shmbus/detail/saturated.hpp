#pragma once

#include <chrono>

#include "shmbus/detail/header_begin.hpp"

namespace shmbus::detail {

/// Converts a time-out to nanoseconds. One that is too long becomes the longest; a negative one or NaN becomes 0.
template <class Rep, class Period>
constexpr std::chrono::nanoseconds saturated(std::chrono::duration<Rep, Period> timeout) noexcept {
  using std::chrono::nanoseconds;
  const std::chrono::duration<double, std::nano> rough(timeout);
  if (!(rough.count() > 0)) return nanoseconds::zero();
  if (rough.count() >= 9.2e18) return nanoseconds::max();  // 292 years
  return std::chrono::duration_cast<nanoseconds>(timeout);
}

}  // namespace shmbus::detail

#include "shmbus/detail/header_end.hpp"
