#pragma once

namespace shmbus::platform {

/// Makes this process one that others' `membarrier` orders. False where the system refuses; asked once a process.
bool register_for_membarrier() noexcept;

/// A full barrier on every core that runs a registered process. False where the system refuses.
bool membarrier() noexcept;

}  // namespace shmbus::platform
