#pragma once

#include <cstdint>

namespace shmbus::platform {

enum class Lock { shared, exclusive };

/// Takes the lock on one byte. The descriptor's open file description owns it: the kernel drops the lock when the last
/// descriptor and the last mapping of that description are gone. Returns false where another open file description
/// holds a lock that excludes this one.
bool lock_byte(int descriptor, std::uint64_t offset, Lock lock = Lock::exclusive) noexcept;

/// Whether another open file description holds the lock on a byte. Returns true for a closed descriptor: no process
/// must look dead because the program closed our descriptors.
bool byte_locked(int descriptor, std::uint64_t offset) noexcept;

}  // namespace shmbus::platform
