#include "platform/segment_name.hpp"

#include <exception>

namespace shmbus::platform {

SegmentName::SegmentName(const std::string& name, const SegmentFile& file)
    : name_(name), path_(SegmentFile::path_of(name)), inode_(file.inode()), device_(file.device()) {}

std::optional<FileState> SegmentName::state() const noexcept {
  const auto state = SegmentFile::state_at(path_.c_str());
  if (!state || state->inode != inode_ || state->device != device_) return std::nullopt;
  return state;
}

bool SegmentName::has_size(std::uint64_t bytes) const noexcept {
  const auto now = state();
  return !now || now->size == bytes;
}

std::optional<SegmentFile> SegmentName::open(Access access) const noexcept {
  try {
    auto file = SegmentFile::open(name_, access, name_);
    if (file && file->inode() == inode_ && file->device() == device_) return file;
  } catch (const std::exception&) {
    // Only slow paths ask, and they have another way.
  }
  return std::nullopt;
}

}  // namespace shmbus::platform
