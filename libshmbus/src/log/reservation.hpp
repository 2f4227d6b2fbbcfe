#pragma once

#include <cstdint>
#include <optional>

#include "log/block_log.hpp"
#include "shmbus/status.hpp"

namespace shmbus::log {

/// Wins a physical block for log block `number`: one that is neither in the ring, nor protected, nor reserved by a
/// living node. Its entry belongs to the caller until `release`. Returns `ok` without a block where another publisher
/// has opened that number in the meantime.
Status reserve(BlockLog& log, std::uint64_t number, std::optional<std::uint32_t>& physical) noexcept;

/// Gives a reservation back. The number of a block that was not linked is cleared first: two physical blocks must not
/// have the same number.
void release(BlockLog& log, std::uint32_t physical, bool linked) noexcept;

}  // namespace shmbus::log
