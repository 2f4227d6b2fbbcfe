#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "platform/segment_file.hpp"

namespace shmbus::platform {

/// A whole segment file, mapped so that no part can be accessed until it is exposed. `mlockall` faults in all
/// accessible pages; so it does not give memory to pages that were never backed. It stays mapped when the file's
/// descriptor is closed, until it is destroyed.
class SparseMapping {
 public:
  /// *Throws* Error.
  SparseMapping(const SegmentFile& file, Access access, std::uint64_t bytes, const std::string& object);
  SparseMapping(SparseMapping&& other) noexcept;
  SparseMapping& operator=(SparseMapping&&) = delete;
  ~SparseMapping();

  std::byte* address() const noexcept { return address_; }
  std::uint64_t size() const noexcept { return size_; }

  /// Makes a range of whole pages accessible, permanently. A range may be exposed again. Returns false where the range
  /// is outside the file, or the kernel has no memory for that. Any thread.
  bool expose(std::uint64_t offset, std::uint64_t bytes) const noexcept;
  /// Exposes the first bytes. *Throws* Error.
  void expose_begin(std::uint64_t bytes, const std::string& object);

  /// Backs a range with memory, by page faults that this process takes now, so that no descriptor is needed. *Requires*
  /// that the range is exposed and mapped for writing. Returns false where there is no memory, the file ends before the
  /// range does, or the kernel is older than 5.14. After a failure, the part that was backed stays so.
  bool populate(std::uint64_t offset, std::uint64_t bytes) noexcept;

 private:
  std::byte* address_ = nullptr;
  std::uint64_t size_ = 0;
  int protection_ = 0;  // of exposed ranges
};

}  // namespace shmbus::platform
