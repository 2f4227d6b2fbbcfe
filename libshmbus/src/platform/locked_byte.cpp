#include "platform/locked_byte.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "platform/page_size.hpp"
#include "platform/system_error.hpp"

namespace shmbus::platform {

std::optional<LockedByte> LockedByte::take(SegmentFile file, std::uint64_t offset, const std::string& object,
                                           Lock lock) {
  return take(file.descriptor(), offset, object, lock);
}  // closes the descriptor; the mapping keeps the lock

std::optional<LockedByte> LockedByte::take(int descriptor, std::uint64_t offset, const std::string& object, Lock lock) {
  if (!lock_byte(descriptor, offset, lock)) return std::nullopt;
  void* page = ::mmap(nullptr, page_size(), PROT_NONE, MAP_SHARED, descriptor, 0);
  if (page == MAP_FAILED) throw system_error(errno, object, "one page mapped, to hold its lock");
  LockedByte locked(page);
  if (::madvise(page, page_size(), MADV_DONTFORK) != 0)
    throw system_error(errno, object, "a mapping no child inherits");
  return locked;
}

LockedByte::LockedByte(LockedByte&& other) noexcept : page_(std::exchange(other.page_, nullptr)) {}

LockedByte& LockedByte::operator=(LockedByte&& other) noexcept {
  std::swap(page_, other.page_);
  return *this;
}

LockedByte::~LockedByte() {
  if (page_ != nullptr) ::munmap(page_, page_size());
}

bool LockedByte::mapped() const noexcept {
  unsigned char resident;
  return page_ != nullptr && ::mincore(page_, page_size(), &resident) == 0;
}

}  // namespace shmbus::platform
