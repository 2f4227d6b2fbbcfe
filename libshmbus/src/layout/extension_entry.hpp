#pragma once

#include <cstddef>
#include <cstdint>

namespace shmbus::layout {

inline constexpr unsigned kMaxExtensions = 16;

//  0    4            8        16     24
//  +----+------------+--------+------+
//  | id | (reserved) | offset | size |
//  +----+------------+--------+------+
//
// An additional part of a registry or control segment, which this layout does not describe. Later features of shmbus
// find their room by this entry. The part lies after everything that the layout describes, and makes the segment
// larger. Written by the creator before the segment has a name, and never again. A process that does not know an id
// ignores the part. A part that must not be ignored also sets an incompatible flag.
struct ExtensionEntry {
  std::uint32_t id;  // 0: unused. Of a control segment: kJournalExtension (layout/journal.hpp)
  std::uint32_t reserved;
  std::uint64_t offset;  // bytes from the segment's start, a multiple of the page size
  std::uint64_t size;    // bytes
};
static_assert(sizeof(ExtensionEntry) == 24);

/// The extension directory of a segment, in its header.
using ExtensionDirectory = ExtensionEntry[kMaxExtensions];

}  // namespace shmbus::layout
