#pragma once

#include <chrono>
#include <initializer_list>

namespace shmbus::tool {

/// Blocks the `stop_signals` and these others, in this thread and those that it starts: they interrupt nothing, and
/// `take_signal` returns them one by one. Call it first in `main`, before any thread.
void block_signals(std::initializer_list<int> others = {});

/// Waits for that time until one of the blocked signals comes, and returns it. Returns 0 if none came.
int take_signal(std::chrono::nanoseconds time);

}  // namespace shmbus::tool
