#pragma once

#include <cstddef>
#include <cstdint>

#include "log/block_log.hpp"

namespace shmbus::detail {

/// What the copied first words of a record say, checked: whatever the bytes are, the record lies within its block.
struct RecordHead {
  enum class Kind : std::uint8_t { event, aborted, padding, unfinished, corrupt };

  Kind kind = Kind::unfinished;
  layout::RecordMeta meta{};
  std::size_t stride = 0;  ///< bytes to the next record
  unsigned sequences = 0;  ///< that it represents

  /// Whether it is an event, was aborted, or is padding: it never changes while its block is in the ring.
  bool finished() const noexcept { return kind != Kind::unfinished && kind != Kind::corrupt; }
};

/// Judges the record at `offset` of a block by its first `layout::kMinRecord` bytes. *Requires* that they lie within
/// the block.
RecordHead judge_head(const log::BlockLog& log, const log::Block& block, std::uint64_t offset,
                      const std::byte* head) noexcept;

}  // namespace shmbus::detail
