#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "platform/segment_file.hpp"

namespace shmbus::platform {

/// The name of a segment that stays mapped after its descriptor is closed, and the file that this name led to. For as
/// long as the name leads to that file, it serves for everything that a descriptor would. Once it does not, no other
/// process can cut the file short by its name either.
class SegmentName {
 public:
  /// Records the name of a file that is open now.
  SegmentName(const std::string& name, const SegmentFile& file);

  /// Returns the file's state; nothing where the name leads nowhere or to another file.
  std::optional<FileState> state() const noexcept;
  /// Whether the name still leads to the file.
  bool leads_to_file() const noexcept { return state().has_value(); }
  /// Returns false where another process cut the file short or made it longer. Returns true where the name leads
  /// elsewhere.
  bool has_size(std::uint64_t bytes) const noexcept;
  /// Opens the file again. Returns nothing where the name leads elsewhere, the right is missing, or no descriptor is
  /// free.
  std::optional<SegmentFile> open(Access access) const noexcept;

  const std::string& name() const noexcept { return name_; }

 private:
  std::string name_;
  std::string path_;
  std::uint64_t inode_;
  std::uint64_t device_;
};

}  // namespace shmbus::platform
