#pragma once

#include <cstdint>
#include <vector>

#include "journal/file_layout.hpp"
#include "journal/storage.hpp"

namespace shmbus::journal {

/// Where the frames of a segment file stand: an entry for a frame of events, where the last entry lies far enough
/// before it. It only saves time; without it the frames are walked.
class EventIndex {
 public:
  explicit EventIndex(std::uint64_t spacing = std::uint64_t{64} << 10) noexcept : spacing_(spacing) {}

  /// Begins anew. `greatest`: the greatest time of an event in earlier files.
  void clear(std::int64_t greatest) noexcept;
  /// Adds a frame, in the order of the file, where it is to have an entry.
  void add(const FrameHeader& frame, std::uint64_t offset);

  std::uint64_t end() const noexcept { return end_; }           ///< behind the last frame added
  std::uint64_t last() const noexcept { return last_; }         ///< the last number of a frame added; 0: none
  std::int64_t greatest() const noexcept { return greatest_; }  ///< time
  const std::vector<IndexEntry>& entries() const noexcept { return entries_; }

  /// Returns the offset of a frame at which a walk towards number `number` may begin.
  std::uint64_t offset_for_number(std::uint64_t number) const noexcept;
  /// Returns the offset of a frame before which every event is older than `ns`.
  std::uint64_t offset_for_time(std::int64_t ns) const noexcept;

  /// Writes the `.index` file of a segment file. Returns an errno value.
  int write(Storage& storage, std::uint64_t first, std::uint64_t seed) const;
  /// Reads it. EBADMSG where it is damaged, or not of that segment file, or covers more than `size` bytes.
  int read(Storage& storage, std::uint64_t first, std::uint64_t seed, std::uint64_t size);

 private:
  std::uint64_t spacing_;
  std::uint64_t end_ = kFileHeader;
  std::uint64_t last_ = 0;
  std::int64_t greatest_ = kNoTime;
  std::vector<IndexEntry> entries_;
};

}  // namespace shmbus::journal
