#pragma once

#include <cstddef>
#include <cstdint>

#include "log/block_log.hpp"

namespace shmbus::log {

/// Where the log ends: the block, and the next sequence.
struct End {
  std::uint64_t number = kNone;  ///< of the newest block; 0: none was opened yet; kNone: tail and ring do not fit
  std::size_t offset = 0;        ///< in that block; its size: sealed
  std::uint64_t next_sequence = 1;
  std::uint64_t tail = 0;  ///< by which it was found

  /// Returns the bytes of the log so far: records, and the padding that ends blocks. 0 where nothing was published.
  std::uint64_t position(std::size_t block_size) const noexcept {
    return number == 0 || number == kNone ? 0 : (number - 1) * block_size + offset;
  }
};

/// The limit for consecutive tries to find the end, or a place near it, in which the tail did not move. No such try can
/// fail in a valid log: the tail's block leaves the ring only after the tail has moved on.
inline constexpr std::uint32_t kEndTries = 64;

End end_of(const BlockLog& log) noexcept;

/// Returns the oldest number that the ring may hold.
inline std::uint64_t oldest_block(const BlockLog& log, const End& end) noexcept {
  return end.number > log.blocks() ? end.number - log.blocks() + 1 : 1;
}

}  // namespace shmbus::log
