#pragma once

#include <cstddef>

namespace peers {

/// Zeroed pages of /dev/shm, where a bus's pages lie too, without a name: nothing to remove. Shared with processes that
/// are forked later.
class SharedMemory {
 public:
  explicit SharedMemory(std::size_t size);
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;
  ~SharedMemory();

  void* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }

 private:
  void* data_;
  std::size_t size_;
};

}  // namespace peers
