#pragma once

namespace shmbus::platform {

/// Registers this process, so that a `membarrier` of other processes orders it. Returns false where the system refuses.
/// The system is asked once per process.
bool register_for_membarrier() noexcept;

/// Executes a full barrier on every core that runs a registered process. Returns false where the system refuses.
bool membarrier() noexcept;

}  // namespace shmbus::platform
