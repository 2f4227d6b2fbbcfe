#include "platform/file_lock.hpp"

#include <fcntl.h>

namespace shmbus::platform {

namespace {

struct flock range(short type, std::uint64_t offset) noexcept {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(offset);
  lock.l_len = 1;
  return lock;
}

}  // namespace

bool lock_byte(int descriptor, std::uint64_t offset, Lock lock) noexcept {
  struct flock wanted = range(lock == Lock::shared ? F_RDLCK : F_WRLCK, offset);
  return ::fcntl(descriptor, F_OFD_SETLK, &wanted) == 0;
}

bool byte_locked(int descriptor, std::uint64_t offset) noexcept {
  struct flock lock = range(F_WRLCK, offset);
  return ::fcntl(descriptor, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

}  // namespace shmbus::platform
