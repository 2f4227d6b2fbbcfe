#pragma once

#include <cstdint>

#include "log/block_log.hpp"

namespace shmbus::log {

// A subscriber that sleeps until an event comes.

/// Shows that the subscriber of a port sleeps. Sequentially consistent: it checks the log after this.
void announce_sleep(BlockLog& log, unsigned port) noexcept;
/// Shows that it does not sleep any more. Does nothing where it was not shown as sleeping.
void end_sleep(BlockLog& log, unsigned port) noexcept;
/// Counts a sleep that ended, for the monitor.
void count_wakeup(BlockLog& log, unsigned port) noexcept;
/// Makes every publisher order its commit before its load of `waiters`, because one side can't call membarrier.
void require_fences(BlockLog& log) noexcept;

// A publisher that is held back and sleeps until the ring moves.

/// Shows that the publisher of a port wants to be woken. Sequentially consistent: it checks the pins after this.
void announce_wait(BlockLog& log, unsigned port) noexcept;
void end_wait(BlockLog& log, unsigned port) noexcept;
/// Counts a wait that began at `since`, monotonic ns, and shows that time until the wait ends. For monitors.
void show_wait(BlockLog& log, unsigned port, std::uint64_t since) noexcept;
void hide_wait(BlockLog& log, unsigned port) noexcept;

}  // namespace shmbus::log
