#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace shmbus::platform {

/// Sleeps while `word` holds `expected`, at most for `timeout`. Works between processes. May wake without a reason.
void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                std::chrono::nanoseconds timeout) noexcept;
/// Wakes all threads that sleep at `word`. Async-signal-safe.
void futex_wake_all(const std::atomic<std::uint32_t>& word) noexcept;

}  // namespace shmbus::platform
