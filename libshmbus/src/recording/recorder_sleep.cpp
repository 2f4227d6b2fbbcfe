// When a Recorder waits, and for how long.

#include <algorithm>
#include <thread>

#include "log/sleep.hpp"
#include "platform/futex.hpp"
#include "platform/membarrier.hpp"
#include "recording/recorder.hpp"
#include "shmbus/detail/crash_point.hpp"

namespace shmbus::recording {

using namespace std::chrono_literals;

namespace {

/// For this time after the last event it looks again every kNap, so that no publisher has to wake it.
constexpr auto kLinger = 100ms;
constexpr auto kNap = 1ms;
constexpr int kSpins = 200;  // empty looks before the first nap

}  // namespace

void Recorder::pause(std::chrono::nanoseconds time) noexcept {
  const std::uint32_t bell = segment_->node().bell().load(std::memory_order_acquire);
  if (!ended()) platform::futex_wait(segment_->node().bell(), bell, std::min<std::chrono::nanoseconds>(time, 1s));
}

/// Waits for events. Soon after the last one it only naps, so that no publisher has to wake it; who waits for the disk
/// rings its bell.
void Recorder::sleep() noexcept {
  const std::uint32_t bell = segment_->node().bell().load(std::memory_order_acquire);
  for (int i = 0; i < kSpins && Clock::now() - wrote_ < kNap; ++i) {
    if (reader_->ready()) return;
    std::this_thread::yield();
  }
  if (Clock::now() - wrote_ < kLinger) {
    if (!reader_->look() && !ended()) platform::futex_wait(segment_->node().bell(), bell, kNap);
    return;
  }
  log::announce_sleep(segment_->log(), *port_);
  SHMBUS_CRASH_POINT("recorder.announced");
  if (!platform::membarrier()) log::require_fences(segment_->log());
  if (!reader_->look() && !ended()) {
    platform::futex_wait(segment_->node().bell(), bell, longest_sleep());
  }
  log::end_sleep(segment_->log(), *port_);
}

std::chrono::nanoseconds Recorder::longest_sleep() const noexcept {
  std::chrono::nanoseconds longest(segment_->stall_limit_ns());
  if (reader_->at_open_claim()) longest = std::min<std::chrono::nanoseconds>(longest, 20ms);
  if (!marked_) longest = std::min<std::chrono::nanoseconds>(longest, kMarkAfter);
  if (words_.sync == layout::JournalSync::interval && writer_->durable() != writer_->recorded())
    longest = std::min(longest, std::chrono::nanoseconds(words_.interval_ns));
  return longest;
}

}  // namespace shmbus::recording
