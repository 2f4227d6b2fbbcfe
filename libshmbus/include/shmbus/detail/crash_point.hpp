#pragma once

// SHMBUS_CRASH_POINT(name) names the step of the protocol that was just done. A test build (SHMBUS_CRASH_POINTS) can
// end or stop the process there, and simulate that memory is short. In any other build the macro does nothing.
#ifndef SHMBUS_CRASH_POINTS
#define SHMBUS_CRASH_POINT(name) static_cast<void>(0)
#define SHMBUS_MEMORY_ENDS_BEFORE(block) false
#else
#define SHMBUS_CRASH_POINT(name) ::shmbus::platform::pass_crash_point(::shmbus::platform::crash_point_id(name))
#define SHMBUS_MEMORY_ENDS_BEFORE(block) ((block) >= ::shmbus::platform::crash_plan.blocks_of_memory)

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <string_view>

#include "shmbus/detail/header_begin.hpp"

namespace shmbus::platform {

inline constexpr std::uint32_t kCrashPointIds = 1u << 20;

/// FNV-1a, folded. That no two names share an id is for a test to show.
constexpr std::uint32_t crash_point_id(std::string_view name) noexcept {
  std::uint32_t hash = 2166136261u;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return (hash ^ hash >> 20) & (kCrashPointIds - 1);
}

/// What this process does at its points. Set before it uses the bus.
struct CrashPlan {
  std::atomic<std::uint8_t>* reached = nullptr;      ///< kCrashPointIds flags, set for each point that is passed
  std::atomic<std::uint32_t> pause{kCrashPointIds};  ///< it stops here once
  std::atomic<std::uint32_t> point{kCrashPointIds};
  std::atomic<std::uint64_t>* died = nullptr;  ///< monotonic ns of its end
  std::uint32_t blocks_of_memory = ~0u;        ///< physical blocks of each topic that can be backed
  int signal = SIGKILL;                        ///< sent to oneself at `point`
  std::atomic<std::int64_t> pass{1};           ///< at which pass of it
};
inline CrashPlan crash_plan;

inline void pass_crash_point(std::uint32_t id) noexcept {
  CrashPlan& plan = crash_plan;
  if (id == plan.pause.load(std::memory_order_relaxed)) {
    plan.pause.store(kCrashPointIds, std::memory_order_relaxed);
    ::kill(::getpid(), SIGSTOP);
  }
  if (plan.reached != nullptr) plan.reached[id].store(1, std::memory_order_relaxed);
  if (id == plan.point.load(std::memory_order_relaxed) && plan.pass.fetch_sub(1) == 1) {
    plan.point.store(kCrashPointIds, std::memory_order_relaxed);
    if (plan.died != nullptr) {
      const auto now = std::chrono::steady_clock::now().time_since_epoch();
      plan.died->store(static_cast<std::uint64_t>(now.count()));
    }
    ::kill(::getpid(), plan.signal);
  }
}

}  // namespace shmbus::platform

#include "shmbus/detail/header_end.hpp"
#endif
