#include "platform/known_descriptor.hpp"

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace shmbus::platform {

KnownDescriptor::KnownDescriptor(int descriptor) noexcept : descriptor_(descriptor) {
  struct stat state {};
  if (descriptor_ < 0 || ::fstat(descriptor_, &state) != 0) return;
  inode_ = state.st_ino;
  device_ = state.st_dev;
}

KnownDescriptor::KnownDescriptor(KnownDescriptor&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), inode_(other.inode_), device_(other.device_) {}

KnownDescriptor& KnownDescriptor::operator=(KnownDescriptor&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(inode_, other.inode_);
  std::swap(device_, other.device_);
  return *this;
}

bool KnownDescriptor::is_open(struct stat& state) const noexcept {
  if (descriptor_ >= 0 && ::fstat(descriptor_, &state) != 0) return false;
  if (descriptor_ >= 0 && state.st_ino == inode_ && state.st_dev == device_) return true;
  errno = EBADF;
  return false;
}

bool KnownDescriptor::is_open() const noexcept {
  struct stat state {};
  return is_open(state);
}

void KnownDescriptor::close() noexcept {
  if (is_open()) ::close(descriptor_);
  descriptor_ = -1;
}

}  // namespace shmbus::platform
