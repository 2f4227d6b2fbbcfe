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
// A part of a registry or control segment that this layout does not describe: a later part of shmbus finds its room by
// it. It lies behind all that the layout describes, and the segment is larger by it. Written by the creator before the
// segment has a name, and never again. Whoever does not know an id leaves the part alone; a part that must be known is
// announced by an incompatible flag as well.
struct ExtensionEntry {
  std::uint32_t id;  // 0: unused. None is assigned yet
  std::uint32_t reserved;
  std::uint64_t offset;  // bytes from the segment's begin, a multiple of the page
  std::uint64_t size;    // bytes
};
static_assert(sizeof(ExtensionEntry) == 24);

/// The directory of a segment, in its header.
using ExtensionDirectory = ExtensionEntry[kMaxExtensions];

}  // namespace shmbus::layout
