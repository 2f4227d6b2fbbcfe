#pragma once

#include <time.h>

#include <algorithm>
#include <chrono>

namespace shmbus::tool {

/// As system calls take it. A time that is over is one of no length.
inline timespec wait_time(std::chrono::nanoseconds time) {
  const auto rest = std::max(time, std::chrono::nanoseconds{0});
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(rest);
  return {.tv_sec = seconds.count(), .tv_nsec = (rest - seconds).count()};
}

}  // namespace shmbus::tool
