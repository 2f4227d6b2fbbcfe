#pragma once

#include <cstdint>

namespace shmbus::platform {

/// Returns a number from the kernel's random generator; never 0.
std::uint64_t random_u64();

}  // namespace shmbus::platform
