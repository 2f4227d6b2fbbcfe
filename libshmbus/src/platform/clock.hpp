#pragma once

#include <cstdint>

namespace shmbus::platform {

std::int64_t system_ns() noexcept;      ///< nanoseconds since 1970; may jump
std::uint64_t monotonic_ns() noexcept;  ///< never jumps; common to all processes of the machine
/// Nanoseconds for which the machine was suspended since it was started: CLOCK_MONOTONIC stood still meanwhile.
std::uint64_t suspended_ns() noexcept;

/// Whether the core's cycle counter runs at one rate, always, on all cores.
bool cycle_counter_trusted() noexcept;

}  // namespace shmbus::platform
