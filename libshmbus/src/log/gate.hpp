#pragma once

#include <cstdint>

#include "log/block_log.hpp"

namespace shmbus::log {

/// Whether the ring may move past `leaving`: no living reliable subscriber needs it. Demotes those past their time,
/// repairs the ports of the dead.
bool gated(BlockLog& log, std::uint64_t leaving) noexcept;

/// Whether some shown claim still bears the low bits of a block number that is to be opened: the number must wait.
bool number_in_use(BlockLog& log, std::uint64_t number) noexcept;

/// Whether a pin, a retain slot or a claim protects a physical block, which must not be in the ring any more.
bool pinned(const BlockLog& log, std::uint32_t physical) noexcept;

/// Whether a subscription is among those that hold back whoever wants to open the next block now. Its id is in each of
/// its ports, also in one that was placed for it and is not adopted yet.
bool gated_by(const BlockLog& log, std::uint64_t subscription) noexcept;

/// Nanoseconds until the first demotion is due; kNone where none will be.
std::uint64_t next_demotion(const BlockLog& log) noexcept;

}  // namespace shmbus::log
