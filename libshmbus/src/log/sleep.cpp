#include "log/sleep.hpp"

#include "log/ports.hpp"
#include "shmbus/detail/cpu.hpp"
#include "shmbus/detail/crash_point.hpp"

namespace shmbus::log {

void announce_sleep(BlockLog& log, unsigned port) noexcept {
  log.header().words.waiters.fetch_or(port_bit(port), std::memory_order_seq_cst);
}

void end_sleep(BlockLog& log, unsigned port) noexcept {
  auto& waiters = log.header().words.waiters;
  if ((waiters.load(std::memory_order_relaxed) & port_bit(port)) != 0)
    waiters.fetch_and(~port_bit(port), std::memory_order_relaxed);  // a hint
}

void count_wakeup(BlockLog& log, unsigned port) noexcept { platform::add_to_own(log.subscriber(port).wakeups, 1); }

void require_fences(BlockLog& log) noexcept {
  log.header().words.attention.fetch_or(layout::kFenceNeeded, std::memory_order_seq_cst);
}

void announce_wait(BlockLog& log, unsigned port) noexcept {
  log.header().gated.fetch_or(port_bit(port), std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("gated.shown");
}

void end_wait(BlockLog& log, unsigned port) noexcept {
  log.header().gated.fetch_and(~port_bit(port), std::memory_order_acq_rel);
  SHMBUS_CRASH_POINT("gated.cleared");
}

void show_wait(BlockLog& log, unsigned port, std::uint64_t since) noexcept {
  platform::add_to_own(log.publisher(port).waits, 1);
  log.publisher(port).waiting_since.store(since, std::memory_order_relaxed);
}

void hide_wait(BlockLog& log, unsigned port) noexcept {
  log.publisher(port).waiting_since.store(0, std::memory_order_relaxed);
}

}  // namespace shmbus::log
