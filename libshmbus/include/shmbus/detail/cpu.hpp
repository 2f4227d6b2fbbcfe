#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#include "shmbus/detail/header_begin.hpp"

// The only architecture-specific code of shmbus.
namespace shmbus::platform {

/// Hints to the core that this is a spin loop.
inline void pause() noexcept {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#else
#error "shmbus runs on x86-64 and aarch64"
#endif
}

/// Reads the core's constant-rate counter. It is not ordered with the loads and stores around it: it is no fence.
inline std::uint64_t read_cycle_counter() noexcept {
#if defined(__x86_64__)
  return __rdtsc();
#else
  std::uint64_t value;
  asm volatile("mrs %0, cntvct_el0" : "=r"(value));
  return value;
#endif
}

/// Adds to a word that only this thread writes and others read, with relaxed order. On x86-64 this is one instruction;
/// a relaxed load and store would be three. ThreadSanitizer can't see assembly, so it gets the load and store.
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

/// Copies 16 bytes that do not overlap. They are loaded as two words: a program has often just written them field by
/// field, and a load that is wider than the store before it waits for that store to leave the core (15 ns here).
inline void copy_two_words(std::byte* to, const std::byte* from) noexcept {
#if defined(__x86_64__)
  __m128i both;
  asm("movq %1, %0\n\tmovhps %2, %0"
      : "=x"(both)
      : "m"(*reinterpret_cast<const std::byte(*)[8]>(from)), "m"(*reinterpret_cast<const std::byte(*)[8]>(from + 8)));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), both);
#else
  std::memcpy(to, from, 16);
#endif
}

}  // namespace shmbus::platform

#include "shmbus/detail/header_end.hpp"
