#include "platform/sparse_mapping.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "platform/page_size.hpp"
#include "platform/system_error.hpp"

namespace shmbus::platform {

namespace {

#ifdef MADV_POPULATE_WRITE
constexpr int kPopulateWrite = MADV_POPULATE_WRITE;
#else
constexpr int kPopulateWrite = 23;  // Linux 5.14; the C library's headers may be older
#endif

}  // namespace

SparseMapping::SparseMapping(const SegmentFile& file, Access access, std::uint64_t bytes, const std::string& object)
    : size_(bytes), protection_(access == Access::read_write ? PROT_READ | PROT_WRITE : PROT_READ) {
  void* at = ::mmap(nullptr, bytes, PROT_NONE, MAP_SHARED, file.descriptor(), 0);
  if (at == MAP_FAILED) throw mapping_error(errno, object, bytes);
  address_ = static_cast<std::byte*>(at);
}

SparseMapping::SparseMapping(SparseMapping&& other) noexcept
    : address_(std::exchange(other.address_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      protection_(other.protection_) {}

SparseMapping::~SparseMapping() {
  if (address_ != nullptr) ::munmap(address_, size_);
}

bool SparseMapping::expose(std::uint64_t offset, std::uint64_t bytes) const noexcept {
  if (offset > size_ || bytes > size_ - offset) return false;
  const std::uint64_t begin = offset / page_size() * page_size();
  if (::mprotect(address_ + begin, offset + bytes - begin, protection_) == 0) return true;
  // Each range that is exposed separately is one more mapping of the process, and the kernel limits their number
  // (vm.max_map_count). Exposing everything needs no more mappings than before.
  return ::mprotect(address_, size_, protection_) == 0;
}

void SparseMapping::expose_begin(std::uint64_t bytes, const std::string& object) {
  if (!expose(0, bytes)) throw mapping_error(bytes > size_ ? EINVAL : errno, object, bytes);
}

bool SparseMapping::populate(std::uint64_t offset, std::uint64_t bytes) noexcept {
  if (offset > size_ || bytes > size_ - offset) return false;
  const std::uint64_t begin = offset / page_size() * page_size(), end = offset + bytes;
  // Back all or nothing, as far as that can be checked in advance: memory that a fault got can't be given back, since
  // another process may have backed the same range in the meantime, and counted it.
  if (SegmentFile::room() < end - begin) return false;
  constexpr std::uint64_t kPiece = std::uint64_t{4} << 20;  // an interrupting signal costs one piece, not all
  for (std::uint64_t at = begin; at < end;) {
    const std::uint64_t piece = std::min(end - at, kPiece);
    if (::madvise(address_ + at, piece, kPopulateWrite) == 0)
      at += piece;
    else if (errno != EINTR)
      return false;
  }
  return true;
}

}  // namespace shmbus::platform
