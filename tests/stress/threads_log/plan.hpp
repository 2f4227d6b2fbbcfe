#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "support/log_fixture.hpp"
#include "threads_log/random.hpp"

namespace threads_log {

/// What one round does.
struct Plan {
  test::LogOptions log;
  unsigned publishers = 2;
  unsigned lossy = 1;
  unsigned reliable = 1;
  std::uint32_t memory = 0;  // in blocks; 0: enough
  bool deaths = false;
  bool stalls = false;  // some publishers stop for longer than the stall limit, and go on
  bool aborts = false;
  bool come_and_go = false;  // readers attach and detach
  std::size_t largest = 300;
  std::chrono::milliseconds time{150};
};

/// Draws a plan at random.
Plan make_plan(Random& random);

}  // namespace threads_log
