#include "support/clock_offset.hpp"

#include <stdexcept>
#include <utility>

namespace {

std::atomic<std::int64_t> system_offset{0}, monotonic_offset{0}, boottime_offset{0};

thread_local std::function<void()> at_next_look;

std::atomic<std::int64_t>* offset_of(clockid_t clock) noexcept {
  if (clock == CLOCK_REALTIME) return &system_offset;
  if (clock == CLOCK_BOOTTIME) return &boottime_offset;
  return clock == CLOCK_MONOTONIC ? &monotonic_offset : nullptr;
}

}  // namespace

// The linker redirects calls of `clock_gettime` to the first, and of `__real_clock_gettime` to the C library's.
extern "C" int __wrap_clock_gettime(clockid_t clock, struct timespec* time);
extern "C" int __real_clock_gettime(clockid_t clock, struct timespec* time);

extern "C" int __wrap_clock_gettime(clockid_t clock, struct timespec* time) {
  if (clock == CLOCK_MONOTONIC && at_next_look) std::exchange(at_next_look, nullptr)();
  const int result = __real_clock_gettime(clock, time);
  const auto* offset = offset_of(clock);
  if (result != 0 || offset == nullptr) return result;
  constexpr std::int64_t kSecond = 1'000'000'000;
  const std::int64_t ns = std::int64_t{time->tv_sec} * kSecond + time->tv_nsec + offset->load();
  time->tv_sec = static_cast<time_t>(ns / kSecond);
  time->tv_nsec = static_cast<long>(ns % kSecond);
  return result;
}

namespace test {

ClockOffset::ClockOffset(clockid_t clock, std::chrono::nanoseconds offset) : offset_(offset_of(clock)) {
  if (offset_ == nullptr) throw std::invalid_argument("a clock that can't be set off");
  set(offset);
}

ClockOffset::~ClockOffset() { set({}); }

void ClockOffset::set(std::chrono::nanoseconds offset) noexcept { offset_->store(offset.count()); }

void at_next_look_at_clock(std::function<void()> call) { at_next_look = std::move(call); }

}  // namespace test
