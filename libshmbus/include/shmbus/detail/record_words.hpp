#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "shmbus/detail/header_begin.hpp"

namespace shmbus::layout {

//  0        8             16            24 (or 16)        ...
//  +--------+-------------+-------------+-----------------+------------------+
//  | key    | size u32    | time u64,   | extension area, | payload, padded  |
//  | u64    | port u16    | if the topic| if flagged: see | to the stride    |
//  |        | flags u16   | wants it    | extension_area  |                  |
//  +--------+-------------+-------------+-----------------+------------------+
//
// R1 A record is committed when its key is the block's key, and aborted when it is the complement of that key. Until
//    then its bytes have no meaning.
// R2 `size` counts from the record's first byte to the payload's last. The next record begins at the next multiple of
//    the topic's alignment.
struct RecordHeader {
  // Written last, by the claim's owner or by a process that repairs a dead owner's claim.
  std::atomic<std::uint64_t> key;
  std::atomic<std::uint64_t> meta;  // RecordMeta; the same writers, before the key
};
static_assert(sizeof(RecordHeader) == 16);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

/// The smallest record, and the room that every record leaves at the end of its block for the padding that seals the
/// block.
inline constexpr std::size_t kMinRecord = sizeof(RecordHeader);

inline constexpr std::size_t kTimeSize = 8;

enum RecordFlags : std::uint16_t {
  kPadding = 1,   ///< fills the block; no event, no sequence
  kExtended = 2,  ///< an extension area stands before the payload
  kTrimmed = 4,   ///< a loan committed with fewer bytes: the record's last eight bytes hold the payload's true length
};

/// In the flags of an aborted record: how many more sequences it represents than one. This is not 0 only where a
/// repairer ended the rest of a dead publisher's batch.
inline constexpr unsigned kFurtherSequencesShift = 8;

/// `size`, `port` and `flags` of a record as one word.
struct RecordMeta {
  std::uint32_t size;
  std::uint16_t port;
  std::uint16_t flags;

  /// Returns what a repairer writes before it aborts `size` bytes that were claimed for `events` events; 0 for padding.
  static constexpr RecordMeta unfinished(std::size_t size, unsigned port, unsigned events) noexcept {
    return {static_cast<std::uint32_t>(size), static_cast<std::uint16_t>(port),
            static_cast<std::uint16_t>(events == 0 ? +kPadding : (events - 1) << kFurtherSequencesShift)};
  }
  /// Returns how many sequences the record represents, if it is aborted.
  constexpr unsigned aborted_sequences() const noexcept {
    return (flags & kPadding) != 0 ? 0 : 1 + (flags >> kFurtherSequencesShift);
  }

  constexpr std::uint64_t word() const noexcept {
    return size | std::uint64_t{port} << 32 | std::uint64_t{flags} << 48;
  }
  static constexpr RecordMeta from(std::uint64_t word) noexcept {
    return {static_cast<std::uint32_t>(word), static_cast<std::uint16_t>(word >> 32),
            static_cast<std::uint16_t>(word >> 48)};
  }
};

}  // namespace shmbus::layout

#include "shmbus/detail/header_end.hpp"
