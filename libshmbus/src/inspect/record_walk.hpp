#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "inspect/record_head.hpp"
#include "log/block_log.hpp"
#include "platform/segment_file.hpp"
#include "shmbus/detail/event_record.hpp"

namespace shmbus::detail {

/// An event's record, copied from its block.
struct CopiedRecord {
  layout::RecordMeta meta{};
  std::uint64_t offset = 0;  ///< in its block
  std::uint64_t sequence = 0;
  std::uint64_t stamp = 0;           ///< 0 without time stamps
  std::span<const std::byte> bytes;  ///< from its first one on; of a long record the end may be missing
  std::uint64_t last_word = 0;       ///< of the whole record

  /// Returns where its parts lie in `bytes`. Returns nothing where they do not fit into the record, which is corrupt.
  std::optional<EventRecord> parts(const log::BlockLog& log) const noexcept;
};

/// Walks over the finished records of one block, in pieces that are copied from the log's file: without a port, a pin
/// or a mapping of the log. It holds nobody back, and a file that is cut short does it no harm.
///
/// Publishers write to the block meanwhile, or reuse it. No torn record is returned all the same:
///
/// C1 A publisher writes the key last, with release. The kernel copies the bytes of one read in no particular order, so
///    a key in the copy says nothing of the bytes beside it. Hence each piece is read twice: first to find how far the
///    records are finished; then, after an acquire fence, these are copied. All that was stored before those keys is in
///    the second copy. A finished record never changes while its block is in the ring.
/// C2 A block that left the ring may have other records, or a part of them, by the time it is read. A publisher writes
///    such a record after its block was unlinked: the rotator unlinks it by a compare-and-swap, then links it under its
///    new number, and the publisher acquires that. So a reader that has copied any byte of the new record, and after an
///    acquire fence loads the old number's ring word, finds it changed. It does that after each piece, and drops a piece
///    whose block has left the ring. Ring words do not return to a former value: block numbers only grow.
/// C3 Lengths are taken from the copy alone, and checked, since any process may scribble over the log.
class RecordWalk {
 public:
  /// In no block yet.
  explicit RecordWalk(const log::BlockLog& log) noexcept : log_(&log) {}
  RecordWalk(const log::BlockLog& log, const log::Block& block, std::uint64_t offset, std::uint64_t sequence) noexcept
      : log_(&log) {
    enter(block, offset, sequence);
  }

  /// Goes to a record's place in a block.
  void enter(const log::Block& block, std::uint64_t offset, std::uint64_t sequence) noexcept;

  enum class Fill : std::uint8_t {
    copied,      ///< there is a piece: `next` goes over its records
    unfinished,  ///< the next record is not finished, or there is none yet
    block_end,   ///< there are no more records in the block
    gone,        ///< the block has left the ring
    corrupt,     ///< the next record's size can't be
    cut_short,   ///< the file ends before the block does
  };
  /// Copies the next piece: what is finished of the next `most` bytes, at least one record, and nothing from offset
  /// `end` of the block on. Of a record that is longer than `most`, the first `max_payload` bytes of the payload are
  /// enough. *Requires* that `next` has returned nothing.
  Fill fill(const platform::SegmentFile& file, std::size_t most, std::size_t max_payload, std::uint64_t end);

  /// Returns the next event of the piece, and null at its end. Aborted records and padding are passed over. The record's
  /// bytes are valid until the next `fill`.
  const CopiedRecord* next() noexcept;

  const log::Block& block() const noexcept { return block_; }
  /// Where the next record lies in the block.
  std::uint64_t offset() const noexcept { return offset_; }
  /// The sequence of the next record.
  std::uint64_t sequence() const noexcept { return sequence_; }
  /// Whether the block is still in the ring: if so, what was read of it before is of that block (C2).
  bool still_linked() const noexcept;

  /// Gives the memory of the piece back.
  void release() noexcept;

 private:
  std::byte* reserve(std::size_t bytes);
  std::size_t finished_part(std::size_t copied, RecordHead& stopped_at) const noexcept;
  Fill fill_long(const platform::SegmentFile& file, std::uint64_t at, const RecordHead& head, std::size_t max_payload);
  Fill copied_or_gone(std::size_t bytes, std::size_t part) noexcept;

  const log::BlockLog* log_;
  log::Block block_;
  std::uint64_t offset_ = 0;
  std::uint64_t sequence_ = 0;
  std::unique_ptr<std::byte[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t copied_ = 0;            // bytes of the piece
  std::size_t part_ = 0;              // bytes of the block that the piece stands for
  std::size_t used_ = 0;              // how far `next` has come
  bool long_ = false;                 // the piece is one record, whose end may be left out
  std::uint64_t long_last_word_ = 0;  // of that record
  CopiedRecord record_;
};

}  // namespace shmbus::detail
