#pragma once

#include <cstddef>
#include <cstdint>

#include "shmbus/event_id.hpp"
#include "shmbus/trace_context.hpp"

namespace shmbus::layout {

// What travels with an event beside its payload. The area stands in a record with the flag kExtended, after the time:
//
//  0          4          8           10        12         16
//  +----------+----------+-----------+---------+----------+-----------------------+------
//  | size u32 | 0 u32    | kind u16  | 0 u16   | size u32 | bytes, zeros up to    | next
//  | of it all|          |           |         | of bytes | a multiple of 8       | entry
//  +----------+----------+-----------+---------+----------+-----------------------+------
//   area head             entry head
//
// X1 The area's size is a multiple of 8, counts from its first byte, and ends within the record. The payload begins at
//    the next multiple of the topic's alignment.
// X2 An entry that would reach beyond the area ends the entries. Entries of a kind that the reader does not know are
//    skipped; of two of one kind the first counts.
// X3 The zeros are written, and ignored by readers.
struct ExtensionAreaHead {
  std::uint32_t size;
  std::uint32_t zero;
};
static_assert(sizeof(ExtensionAreaHead) == 8);

struct ExtensionHead {
  std::uint16_t kind;
  std::uint16_t zero;
  std::uint32_t size;
};
static_assert(sizeof(ExtensionHead) == 8);

enum ExtensionKind : std::uint16_t {
  kTraceExtension = 1,    ///< a TraceContext, 32 bytes
  kHeadersExtension = 2,  ///< for each header a HeaderHead, its name, its value; one behind the other, unpadded
  kKeyExtension = 3,      ///< the key's bytes
  kCauseExtension = 4,    ///< an EventId, 24 bytes: the event whose handler published this one
};

struct HeaderHead {
  std::uint32_t name_size;  // not 0
  std::uint32_t value_size;
};
static_assert(sizeof(HeaderHead) == 8);

/// The area of an event that a handler published without options.
struct CauseArea {
  ExtensionAreaHead head;
  ExtensionHead trace_head;
  TraceContext trace;
  ExtensionHead cause_head;
  EventId cause;

  static constexpr ExtensionAreaHead kHead{80, 0};
  static constexpr ExtensionHead kTraceHead{kTraceExtension, 0, sizeof(TraceContext)};
  static constexpr ExtensionHead kCauseHead{kCauseExtension, 0, sizeof(EventId)};
};
static_assert(sizeof(CauseArea) == CauseArea::kHead.size);

inline constexpr std::size_t kExtensionUnit = 8;
constexpr std::size_t padded_extension(std::size_t size) noexcept {
  return (size + kExtensionUnit - 1) & ~(kExtensionUnit - 1);
}

/// X1: whether an area may have that size where the record has `room` for it.
constexpr bool extension_area_fits(std::uint32_t size, std::size_t room) noexcept {
  return size >= sizeof(ExtensionAreaHead) && size % kExtensionUnit == 0 && size <= room;
}

}  // namespace shmbus::layout
