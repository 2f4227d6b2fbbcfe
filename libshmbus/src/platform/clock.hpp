#pragma once

#include <cstdint>

namespace shmbus::platform {

std::int64_t system_ns() noexcept;      ///< nanoseconds since 1970; may jump
std::uint64_t monotonic_ns() noexcept;  ///< never jumps; common to all processes of the machine

/// Whether the core's cycle counter runs at one rate, always, on all cores.
bool cycle_counter_trusted() noexcept;

}  // namespace shmbus::platform
