#pragma once

#include <cstdint>

#include "log/block_log.hpp"
#include "log/log_end.hpp"

namespace shmbus::log {

/// Returns the newest retained block whose first sequence is at most `sequence`; 0 where there is none.
std::uint64_t block_of(const BlockLog& log, const End& end, std::uint64_t sequence) noexcept;

/// Returns the oldest retained block that may hold an event of time `ns` or later. This is the block before the first
/// one that was opened after that time; or an earlier block in which the clock was set back, so that its times may be
/// later than its successor's. There is no pin: a block that leaves the ring during the search leads to an earlier
/// block at worst.
std::uint64_t first_block_of(const BlockLog& log, const End& end, std::int64_t ns) noexcept;

}  // namespace shmbus::log
