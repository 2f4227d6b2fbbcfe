#pragma once

#include <cstdint>
#include <optional>

#include "log/block_log.hpp"
#include "shmbus/status.hpp"

namespace shmbus::log {

/// Wins a physical block, for log block `number`, that is neither in the ring, nor protected, nor reserved by a living
/// node. Its entry is the caller's until `release`. `ok` without a block: somebody else has opened that number
/// meanwhile.
Status reserve(BlockLog& log, std::uint64_t number, std::optional<std::uint32_t>& physical) noexcept;

/// Gives a reservation back. One that was not linked forgets its number first: two physical blocks must not claim the
/// same.
void release(BlockLog& log, std::uint32_t physical, bool linked) noexcept;

}  // namespace shmbus::log
