#pragma once

#include <time.h>

#include <algorithm>
#include <chrono>

namespace shmbus::tool {

/// A time-out as system calls expect it. A time that has passed gives 0.
inline timespec wait_time(std::chrono::nanoseconds time) {
  const auto rest = std::max(time, std::chrono::nanoseconds{0});
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(rest);
  return {.tv_sec = seconds.count(), .tv_nsec = (rest - seconds).count()};
}

}  // namespace shmbus::tool
