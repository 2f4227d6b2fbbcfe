#pragma once

#include <cstdint>

#include "log/block_log.hpp"

namespace shmbus::log {

/// Whether the ring may move past `leaving`: no living reliable subscriber needs it. Demotes subscribers whose time is
/// up, and repairs the ports of dead processes.
bool gated(BlockLog& log, std::uint64_t leaving) noexcept;

/// Whether any shown claim still has the low bits of a block number that is to be opened: the number must then wait.
bool number_in_use(BlockLog& log, std::uint64_t number) noexcept;

/// Whether a pin, a retain slot or a claim protects a physical block. *Requires* that the block is not in the ring any
/// more.
bool pinned(const BlockLog& log, std::uint32_t physical) noexcept;

/// Whether a subscription is among those that now hold back a publisher that wants to open the next block. Its id is in
/// each of its ports, also in one that was placed for it and is not adopted yet.
bool gated_by(const BlockLog& log, std::uint64_t subscription) noexcept;

/// Returns the nanoseconds until the first demotion is due; kNone where none will be.
std::uint64_t next_demotion(const BlockLog& log) noexcept;

}  // namespace shmbus::log
