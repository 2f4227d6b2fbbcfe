#pragma once

#include <chrono>

#include "shmbus/options.hpp"

namespace shmbus::daemon {

inline Time wall_time() { return std::chrono::time_point_cast<Time::duration>(std::chrono::system_clock::now()); }

}  // namespace shmbus::daemon
