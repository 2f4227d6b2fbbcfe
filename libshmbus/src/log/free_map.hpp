#pragma once

#include <cstdint>
#include <optional>

#include "log/block_log.hpp"

namespace shmbus::log {

// The map of free blocks: a bit for each physical block that is outside the ring and likely to be free, and above them
// a bit for each word of those that is not 0. So a free block is found in a few steps, however many blocks there are.
//
// All of it is hints: whoever takes a block from the map still has to win it (`try_reserve`), and whoever misses a bit
// finds the block by looking at the entries. So a bit that is wrong, or lost because somebody died or was overtaken
// between two steps, costs time and nothing else.
//
// A block is listed by whoever unlinks it, gives a reservation back, or takes the last pin off it after it left the
// ring. Whoever tries a block clears its bit first, and looks at the ring and the pins after that; a reader moves its
// pin, then looks at the ring, then lists the block. All of these are sequentially consistent: so whoever tries the
// block sees it unpinned, or the reader lists it after its bit was cleared. If the reader still finds it in the ring,
// whoever unlinks it lists it, and sees it unpinned.

/// Lists a block.
void list_free(BlockLog& log, std::uint32_t physical) noexcept;

/// Whether a block is listed.
bool listed_free(const BlockLog& log, std::uint32_t physical) noexcept;

/// Takes a block off the list. False where it is not listed.
bool take_listed(BlockLog& log, std::uint32_t physical) noexcept;

/// Takes some block off the list.
std::optional<std::uint32_t> take_any_listed(BlockLog& log) noexcept;

}  // namespace shmbus::log
