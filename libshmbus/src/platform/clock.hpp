#pragma once

#include <cstdint>

namespace shmbus::platform {

std::int64_t system_ns() noexcept;      ///< nanoseconds since 1970; may jump
std::uint64_t monotonic_ns() noexcept;  ///< never jumps; the same for all processes of the machine
/// Nanoseconds for which the machine was suspended since it booted. CLOCK_MONOTONIC does not advance during a suspend.
std::uint64_t suspended_ns() noexcept;

/// Whether the cycle counter runs at one constant rate on all cores.
bool cycle_counter_trusted() noexcept;

}  // namespace shmbus::platform
