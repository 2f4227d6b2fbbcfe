#pragma once

#include <cstddef>
#include <cstdint>

#include "layout/constants.hpp"

namespace shmbus::journal {

// The files of a journal, byte by byte: doc/journal.md. All numbers are little-endian.

inline constexpr std::uint64_t kEventsMagic = 0x4c4e52554f4a4d53;       // "SMJOURNL"
inline constexpr std::uint64_t kDescriptionMagic = 0x434950544f4a4d53;  // "SMJOTPIC"
inline constexpr std::uint64_t kIndexMagic = 0x584544494e4a4d53;        // "SMJNIDEX"
inline constexpr std::uint64_t kNumbersMagic = 0x53524d554e4a4d53;      // "SMJNUMRS"
inline constexpr std::uint32_t kJournalVersion = 1;

/// The limits of a segment file's size. A frame that does not fit into a file of the wished size gets one of its own.
inline constexpr std::uint64_t kMinFileBytes = std::uint64_t{8} << 10;
inline constexpr std::uint64_t kMaxFileBytes = std::uint64_t{1} << 40;

/// No number of an event is as large.
inline constexpr std::uint64_t kNumberLimit = std::uint64_t{1} << 63;

//  0          128   192     320     384         512           1024
//  +----------+-----+-------+-------+-----------+-------------+
//  | numbers  | bus | topic | group | type name | type fields |
//  +----------+-----+-------+-------+-----------+-------------+
struct StoredDescription {
  std::uint64_t topic_id;
  std::uint64_t block_size;
  std::uint32_t blocks;
  std::uint32_t record_header;
  std::uint32_t alignment;
  std::uint32_t options;  // DescriptionOption bits
  std::uint32_t mode;
  std::uint32_t sync;  // SyncKind
  std::uint64_t interval_ns;
  std::uint64_t retain_bytes;
  std::uint64_t retain_age_ns;
  std::uint32_t when_behind;  // WhenBehind
  std::uint32_t zero;
  std::uint64_t unrecorded_limit_ns;
  std::uint64_t file_bytes;
  std::uint64_t type_hash;
  std::uint64_t type_size;
  std::uint64_t type_alignment;
  std::uint64_t type_layout;
  std::uint64_t zero2;
  char bus[64];
  char topic[128];
  char group[64];
  char type_name[128];
  char type_fields[512];
};
static_assert(sizeof(StoredDescription) == 1024);
static_assert(offsetof(StoredDescription, mode) == 32 && offsetof(StoredDescription, when_behind) == 64);
static_assert(offsetof(StoredDescription, type_hash) == 88 && offsetof(StoredDescription, bus) == 128);

enum DescriptionOption : std::uint32_t {
  kTimestamps = 1,
  kExclusive = 2,
  kReserve = 4,
  kAcceptRaw = 8,
  kRetainAcknowledged = 16,
};

//  0        8         12     16           24     32      40          48       56         128           1152    2040
//  +--------+---------+------+------------+------+-------+-----------+--------+----------+-------------+-------+----------+
//  | magic  | version | size | flags 2x32 | seed | first | preceding | created| greatest | description | zeros | checksum |
//  +--------+---------+------+------------+------+-------+-----------+--------+----------+-------------+-------+----------+
//
// The header of an `.events` file is this, twice. So is the file `topic`, where seed, first, preceding and greatest are 0.
struct FileHead {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t header_size;         // of both copies, kFileHeader
  std::uint32_t compatible_flags;    // unknown ones may be ignored
  std::uint32_t incompatible_flags;  // unknown ones forbid use
  std::uint64_t seed;                // random, of the frames' checksums
  std::uint64_t first;               // the number in the file's name: no frame holds a lower one
  std::uint64_t preceding;           // the last number that was recorded before this file; 0: none
  std::int64_t created_ns;           // nanoseconds since 1970
  std::int64_t greatest_before;      // the greatest time of an event in earlier files; kNoTime: none
  std::uint64_t zeros[8];
  StoredDescription description;
  std::uint64_t zeros2[111];
  std::uint64_t checksum;  // XXH3-64 of what stands before it, seed 0
};
static_assert(sizeof(FileHead) == 2048 && offsetof(FileHead, description) == 128);
static_assert(offsetof(FileHead, checksum) == 2040);

inline constexpr std::uint64_t kFileHeader = 2 * sizeof(FileHead);
inline constexpr std::int64_t kNoTime = INT64_MIN;

enum FrameFlag : std::uint32_t {
  kEventsFrame = 1,   ///< holds events
  kGapFrame = 2,      ///< numbers that no event has or will have
  kMissingFrame = 4,  ///< numbers of events that were not recorded
  kMarkFrame = 8,     ///< only says what is synced
  kClosingFrame = 16  ///< as kMarkFrame; the file was closed behind it
};

//  0       4      8          16      24       28      32           40          48       56        64
//  +-------+------+----------+-------+--------+-------+------------+-----------+--------+---------+-------
//  | check | body | checksum | first | events | flags | first time | last time | synced | numbers | body
//  +-------+------+----------+-------+--------+-------+------------+-----------+--------+---------+-------
//
// F1 `checksum` is XXH3-64 of the bytes from offset 16 on to the body's end; `check` is the low half of XXH3-64 of the
//    header's bytes from offset 4 on, and 1 where that is 0. The seed of both is the file's seed plus the frame's offset
//    in the file.
// F2 A frame is valid if and only if both are right and every field is in its range.
struct FrameHeader {
  std::uint32_t check;
  std::uint32_t body;  // bytes, a multiple of 8, at most kMaxBody
  std::uint64_t checksum;
  std::uint64_t first;      // number of the first event; of a frame without numbers: the number that comes next
  std::uint32_t events;     // in the body
  std::uint32_t flags;      // exactly one of FrameFlag
  std::int64_t first_time;  // of the first event, nanoseconds since 1970
  std::int64_t last_time;   // the greatest time of its events
  std::uint64_t synced;     // offset in the file below which all was on stable storage when this frame was built
  std::uint64_t numbers;    // that the frame is about, from `first` on: events take at most as many

  std::uint64_t last() const noexcept { return first + numbers - 1; }
  std::uint64_t size() const noexcept { return sizeof(FrameHeader) + body; }
};
static_assert(sizeof(FrameHeader) == 64 && offsetof(FrameHeader, first) == 16);
static_assert(offsetof(FrameHeader, synced) == 48 && offsetof(FrameHeader, numbers) == 56);

inline constexpr std::uint32_t kMaxBody = std::uint32_t{layout::kMaxBlockSize};

//  0       8         12      16     24    32        40         48         56     64
//  +-------+---------+-------+------+-----+---------+----------+----------+------+---------
//  | magic | version | flags | seed | end | entries | greatest | checksum | last | entries
//  +-------+---------+-------+------+-----+---------+----------+----------+------+---------
struct IndexHead {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t flags;     // 0
  std::uint64_t seed;      // of the `.events` file
  std::uint64_t end;       // offset behind the last frame that it covers
  std::uint64_t entries;   // that follow
  std::int64_t greatest;   // the greatest time of an event below `end`, earlier files included; kNoTime: none
  std::uint64_t checksum;  // XXH3-64 of the head with 0 here, and of all entries; its seed is `seed`
  std::uint64_t last;      // the last number below `end`; 0: none
};
static_assert(sizeof(IndexHead) == 64 && offsetof(IndexHead, checksum) == 48);

struct IndexEntry {
  std::uint64_t first;    // number of the frame's first event
  std::uint64_t offset;   // of the frame
  std::int64_t greatest;  // the greatest time of an event before the frame, earlier files included; kNoTime: none
};
static_assert(sizeof(IndexEntry) == 24);

// A sector of `numbers`. There are two, at 0 and at kNumbersDistance, and each holds all of it.
struct NumbersSector {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t zero;
  std::uint64_t generation;  // the higher one counts
  std::uint64_t end;         // numbers below it may have been given
  std::uint64_t next;        // closed cleanly: the number that comes next; 0: in use
  std::uint64_t zeros[58];
  std::uint64_t checksum;  // XXH3-64 of what stands before it, seed 0
};
static_assert(sizeof(NumbersSector) == 512 && offsetof(NumbersSector, checksum) == 504);
inline constexpr std::uint64_t kNumbersDistance = 4096;

}  // namespace shmbus::journal
