#pragma once

#include <cstdint>
#include <optional>

#include "base/durable_name.hpp"
#include "platform/locked_byte.hpp"
#include "registry/registry.hpp"

namespace shmbus::durable {

/// Returns the byte of the registry file whose lock is that of a durable name. Two names of one bus share a byte with a
/// probability of 2^-60.
std::uint64_t name_lock_byte(const base::DurableName& name) noexcept;

/// Takes the lock of a name. Returns nothing where another subscriber has it. The kernel drops it when the process dies
/// or executes another program, and no child inherits it (LockedByte). *Throws* Error.
std::optional<platform::LockedByte> take_name_lock(const registry::Registry& registry, const base::DurableName& name);

/// Whether a subscriber holds a name. Returns true where the lock can't be queried. One system call.
inline bool name_held(const registry::Registry& registry, std::uint64_t byte) noexcept { return registry.alive(byte); }

}  // namespace shmbus::durable
