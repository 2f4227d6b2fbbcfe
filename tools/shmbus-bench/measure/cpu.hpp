#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace shmbus::measure {

/// Marks a spin loop for the core.
inline void pause() noexcept {
#if defined(__x86_64__)
  _mm_pause();
#else
  asm volatile("yield");
#endif
}

/// The core's constant-rate counter, which the time stamps of a bus are taken from.
inline std::uint64_t read_cycle_counter() noexcept {
#if defined(__x86_64__)
  return __rdtsc();
#else
  std::uint64_t value;
  asm volatile("mrs %0, cntvct_el0" : "=r"(value));
  return value;
#endif
}

}  // namespace shmbus::measure
