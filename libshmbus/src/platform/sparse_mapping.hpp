#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "platform/segment_file.hpp"

namespace shmbus::platform {

/// A whole segment file as address space, of which nothing can be touched until it is exposed: so `mlockall`, which
/// faults in all that can be touched, gives memory to no page that was never backed. Survives the file's descriptor.
/// Unmapped when destroyed.
class SparseMapping {
 public:
  /// Throws Error.
  SparseMapping(const SegmentFile& file, Access access, std::uint64_t bytes, const std::string& object);
  SparseMapping(SparseMapping&& other) noexcept;
  SparseMapping& operator=(SparseMapping&&) = delete;
  ~SparseMapping();

  std::byte* address() const noexcept { return address_; }
  std::uint64_t size() const noexcept { return size_; }

  /// Makes a range accessible, for good; whole pages. Any thread; a range may be exposed again. False where it lies
  /// outside, or the kernel has no memory for that.
  bool expose(std::uint64_t offset, std::uint64_t bytes) const noexcept;
  /// The same of the first bytes. Throws Error.
  void expose_begin(std::uint64_t bytes, const std::string& object);

  /// Backs a range that is exposed, and mapped for writing, with memory: by faults that this process takes now, so
  /// that no descriptor is needed. False where there is no memory, the file ends before, or the kernel is older than
  /// 5.14. What was backed of a range that failed stays so.
  bool populate(std::uint64_t offset, std::uint64_t bytes) noexcept;

 private:
  std::byte* address_ = nullptr;
  std::uint64_t size_ = 0;
  int protection_ = 0;  // of what is exposed
};

}  // namespace shmbus::platform
