#pragma once

#include <atomic>
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

/// Adds to a word that this thread alone writes and others read, with relaxed order. On x86-64 one instruction, where a
/// relaxed load and store would be three; under ThreadSanitizer those two, since it does not see into assembly.
inline void add_to_own(std::atomic<std::uint64_t>& word, std::uint64_t amount) noexcept {
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
#if defined(__has_feature)
#define SHMBUS_SEES_NO_ASSEMBLY __has_feature(thread_sanitizer)
#else
#define SHMBUS_SEES_NO_ASSEMBLY 0
#endif
#if !SHMBUS_SEES_NO_ASSEMBLY
  asm("addq %1, %0" : "+m"(word) : "er"(amount) : "cc");
  return;
#endif
#endif
  word.store(word.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

}  // namespace shmbus::platform
