#pragma once

#include <cstdint>

namespace shmbus::platform {

enum class Lock { shared, exclusive };

/// Takes the lock on one byte, owned by the descriptor's open file description: the kernel drops it when the last
/// descriptor and the last mapping of that description are gone. False where another has one that excludes it.
bool lock_byte(int descriptor, std::uint64_t offset, Lock lock = Lock::exclusive) noexcept;

/// Whether another open file description holds the lock on a byte. A closed descriptor counts as "yes": nobody is taken
/// for dead because the program closed our descriptors.
bool byte_locked(int descriptor, std::uint64_t offset) noexcept;

}  // namespace shmbus::platform
