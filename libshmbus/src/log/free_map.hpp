#pragma once

#include <cstdint>
#include <optional>

#include "log/block_log.hpp"

namespace shmbus::log {

// The map of free blocks has one bit for each physical block that is outside the ring and probably free. A summary
// above it has one bit for each of these words that is not 0. So a free block is found in a few steps, however many
// blocks there are.
//
// All bits are hints. A publisher that takes a block from the map must still win it (`try_reserve`), and one that
// misses a bit finds the block by searching the entries. So a bit that is wrong, or was lost because a process died or
// was overtaken between two steps, costs only time.
//
// A process lists a block when it unlinks the block, gives a reservation back, or takes the last pin off a block that
// has left the ring. A publisher that tries a block clears its bit first, and checks the ring and the pins after that.
// A reader moves its pin, then checks the ring, then lists the block. All these steps are sequentially consistent: so
// the publisher sees the block unpinned, or the reader lists it after its bit was cleared. If the reader still finds
// the block in the ring, the publisher that unlinks it lists it, and sees it unpinned.

/// Lists a block.
void list_free(BlockLog& log, std::uint32_t physical) noexcept;

/// Whether a block is listed.
bool listed_free(const BlockLog& log, std::uint32_t physical) noexcept;

/// Takes a block off the list. Returns false where it is not listed.
bool take_listed(BlockLog& log, std::uint32_t physical) noexcept;

/// Takes any block off the list.
std::optional<std::uint32_t> take_any_listed(BlockLog& log) noexcept;

}  // namespace shmbus::log
