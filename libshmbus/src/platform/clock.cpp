#include "platform/clock.hpp"

#include <ctime>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace shmbus::platform {

namespace {

std::int64_t read(clockid_t clock) noexcept {
  struct timespec t {};
  ::clock_gettime(clock, &t);
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

}  // namespace

std::int64_t system_ns() noexcept { return read(CLOCK_REALTIME); }
std::uint64_t monotonic_ns() noexcept { return static_cast<std::uint64_t>(read(CLOCK_MONOTONIC)); }

std::uint64_t suspended_ns() noexcept {
  const std::int64_t awake = read(CLOCK_MONOTONIC), all = read(CLOCK_BOOTTIME);
  return static_cast<std::uint64_t>(all - awake);
}

bool cycle_counter_trusted() noexcept {
#if defined(__x86_64__)
  unsigned a = 0, b = 0, c = 0, d = 0;
  constexpr unsigned kAdvancedPower = 0x8000'0007, kInvariantTsc = 1u << 8;
  return __get_cpuid(kAdvancedPower, &a, &b, &c, &d) != 0 && (d & kInvariantTsc) != 0;
#else
  return true;  // the architecture guarantees this for the generic timer
#endif
}

}  // namespace shmbus::platform
