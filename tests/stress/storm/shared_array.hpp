#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <stdexcept>

namespace storm {

/// A large array of zeroed Ts made of atomics, which forked processes share. Only touched pages take memory. Make it before
/// the processes are forked.
template <class T>
class SharedArray {
 public:
  explicit SharedArray(std::size_t size) : size_(size) {
    void* at =
        ::mmap(nullptr, size * sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) throw std::runtime_error("no shared memory");
    items_ = static_cast<T*>(at);
  }
  SharedArray(const SharedArray&) = delete;
  SharedArray& operator=(const SharedArray&) = delete;
  ~SharedArray() { ::munmap(items_, size_ * sizeof(T)); }

  std::size_t size() const noexcept { return size_; }
  T& operator[](std::size_t i) const noexcept { return items_[i]; }

 private:
  T* items_;
  std::size_t size_;
};

}  // namespace storm
