#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/mix.hpp"

namespace shmbus::layout {

// The files of durable subscriptions. They are read and written by pread and pwrite and never mapped, so an error of
// the disk is an error, and not the death of the process.

/// The checksum of some bytes of such a file: FNV-1a of 64 bits, its bits mixed. `seed` says where they belong.
constexpr std::uint64_t file_checksum(const unsigned char* bytes, std::size_t size, std::uint64_t seed) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325 ^ base::mix(seed);
  for (std::size_t i = 0; i < size; ++i) hash = (hash ^ bytes[i]) * 0x100000001b3;
  return base::mix(hash);
}

/// The first `size` bytes of a trivial struct, before its checksum.
template <class T>
std::uint64_t checksum_of(const T& value, std::size_t size, std::uint64_t seed) noexcept {
  unsigned char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof value);
  return file_checksum(bytes, size, seed);
}

template <std::size_t Bytes>
void store_text(char (&to)[Bytes], std::string_view text) noexcept {
  std::memset(to, 0, Bytes);
  if (!text.empty()) std::memcpy(to, text.data(), text.size() < Bytes ? text.size() : Bytes - 1);
}
template <std::size_t Bytes>
std::string load_text(const char (&from)[Bytes]) {
  return std::string(from, ::strnlen(from, Bytes));
}

/// Version of both files. It is not the layout's: a cursor beside a journal outlives the bus.
inline constexpr std::uint32_t kDurableFileVersion = 1;

inline constexpr std::size_t kSector = 512;  ///< what a power failure leaves whole
inline constexpr std::size_t kCursorFileSize = 4096;

//  0       8         16       24    32    40         48     56      64        128     256          504
//  +-------+---------+--------+-----+-----+----------+------+-------+---------+-------+------------+---------+
//  | magic | version,| flags  | bus |topic| created  | mode | (res.)| durable | topic | (reserved) |checksum |
//  |       | size    |        |     | id  |          |      |       | name    | name  |            |         |
//  +-------+---------+--------+-----+-----+----------+------+-------+---------+-------+------------+---------+
//
// Written before the file has its name, and never again.
struct CursorHeader {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t header_size;         // bytes, sizeof(CursorHeader)
  std::uint32_t compatible_flags;    // unknown ones may be ignored
  std::uint32_t incompatible_flags;  // unknown ones forbid use
  std::uint64_t bus;                 // incarnation of the bus; 0: it lies beside a journal, which outlives the bus
  std::uint64_t topic;               // incarnation of the topic
  std::int64_t created_ns;           // nanoseconds since 1970
  std::uint32_t mode;                // of the file
  std::uint32_t reserved;
  std::uint64_t reserved2;
  char durable[64];
  char topic_name[128];
  std::uint64_t reserved3[31];
  std::uint64_t checksum;  // of all before it
};
static_assert(sizeof(CursorHeader) == kSector && offsetof(CursorHeader, durable) == 64);
static_assert(offsetof(CursorHeader, checksum) == 504);

//  0            8              16
//  +------------+--------------+----------+
//  | generation | acknowledged | checksum |
//  +------------+--------------+----------+
//
// The cursor. The word of generation g lies in sector 1 + g mod 2, so writing one leaves the other whole. The valid one
// of the higher generation counts.
struct CursorWord {
  std::uint64_t generation;
  std::uint64_t acknowledged;  // sequence of the last acknowledged event
  std::uint64_t checksum;      // of all before it; its seed is the topic's incarnation
};
static_assert(sizeof(CursorWord) == 24);

constexpr std::size_t cursor_word_offset(std::uint64_t generation) noexcept { return kSector * (1 + generation % 2); }

/// How far a durable subscription's name has come.
enum class DurableState : std::uint64_t {
  beginning = 0,    ///< its first holder has not made all cursors: topics without one begin by the holder's start
  established = 1,  ///< topics without a cursor are newer than the name
  forgotten = 2,    ///< its files are being removed
};

//  0       8         16       24    32         40     48       64     128       256          504        512     520
//  +-------+---------+--------+-----+----------+------+--------+------+---------+------------+---------+-------+----
//  | magic | version,| flags  | bus | created  | mode | (res.) | name | pattern | (reserved) |checksum | state | 0
//  |       | size    |        |     |          |      |        |      |         |            |         |       |
//  +-------+---------+--------+-----+----------+------+--------+------+---------+------------+---------+-------+----
//
// The record of a name. The holder of the name's lock alone writes `state`; the rest is written before the file has its
// name.
struct DurableHeader {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t header_size;         // bytes, sizeof(DurableHeader)
  std::uint32_t compatible_flags;    // unknown ones may be ignored
  std::uint32_t incompatible_flags;  // unknown ones forbid use
  std::uint64_t bus;                 // incarnation of the bus
  std::int64_t created_ns;           // nanoseconds since 1970
  std::uint32_t mode;                // of the file
  std::uint32_t reserved;
  std::uint64_t reserved2[2];
  char name[64];
  char pattern[128];
  std::uint64_t reserved3[31];
  std::uint64_t checksum;  // of all before it
};
static_assert(sizeof(DurableHeader) == kSector && offsetof(DurableHeader, name) == 64);
static_assert(offsetof(DurableHeader, checksum) == 504);

inline constexpr std::size_t kDurableStateOffset = sizeof(DurableHeader);
inline constexpr std::size_t kDurableFileSize = 4096;

}  // namespace shmbus::layout
