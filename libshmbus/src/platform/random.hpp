#pragma once

#include <cstdint>

namespace shmbus::platform {

/// From the kernel's generator; never 0.
std::uint64_t random_u64();

}  // namespace shmbus::platform
