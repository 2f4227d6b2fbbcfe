#pragma once

#include <chrono>
#include <initializer_list>

namespace shmbus::tool {

/// Blocks the `stop_signals` and the given others in this thread and in all threads that it starts. The signals interrupt
/// nothing, and `take_signal` returns them one by one. Call it first in `main`, before any thread is started.
void block_signals(std::initializer_list<int> others = {});

/// Waits until one of the blocked signals comes, and returns it. Returns 0 if none came in the given time.
int take_signal(std::chrono::nanoseconds time);

}  // namespace shmbus::tool
