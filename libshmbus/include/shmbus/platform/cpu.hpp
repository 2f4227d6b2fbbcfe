#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

// The only architecture-specific code of shmbus.
namespace shmbus::platform {

/// Tells the core that this is a spin loop.
inline void pause() noexcept {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#else
#error "shmbus runs on x86-64 and aarch64"
#endif
}

/// The core's constant-rate counter. Not ordered with the loads and stores around it: a stamp, not a fence.
inline std::uint64_t read_cycle_counter() noexcept {
#if defined(__x86_64__)
  return __rdtsc();
#else
  std::uint64_t value;
  asm volatile("mrs %0, cntvct_el0" : "=r"(value));
  return value;
#endif
}

}  // namespace shmbus::platform
