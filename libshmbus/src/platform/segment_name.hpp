#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "platform/segment_file.hpp"

namespace shmbus::platform {

/// The name of a segment that stays mapped after its descriptor was closed, and the file that the name led to. For as
/// long as it leads there, all that a descriptor could tell or do is to be had by the name; afterwards nobody can cut
/// the file short by its name either.
class SegmentName {
 public:
  /// Of a file that is open now.
  SegmentName(const std::string& name, const SegmentFile& file);

  /// The file's state; nothing where the name leads nowhere, or to another file.
  std::optional<FileState> state() const noexcept;
  /// Whether the name still leads to the file.
  bool leads_to_file() const noexcept { return state().has_value(); }
  /// False where somebody cut the file short, or made it longer. True where the name leads elsewhere.
  bool has_size(std::uint64_t bytes) const noexcept;
  /// The file anew; nothing where that can't be: the name leads elsewhere, no right, no descriptor to be had.
  std::optional<SegmentFile> open(Access access) const noexcept;

  const std::string& name() const noexcept { return name_; }

 private:
  std::string name_;
  std::string path_;
  std::uint64_t inode_;
  std::uint64_t device_;
};

}  // namespace shmbus::platform
