#pragma once

#include <sys/mman.h>

#include <cerrno>
#include <cstddef>
#include <new>
#include <system_error>
#include <type_traits>

namespace shmbus::measure {

/// A T shared with processes that are forked after it was made. It has no name, so nothing is left behind. It is backed
/// with memory from the start, so that no page fault disturbs a measurement.
template <class T>
class SharedValue {
  static_assert(std::is_trivially_destructible_v<T>, "several processes would destroy it");

 public:
  SharedValue() {
    void* at = ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (at == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "memory that processes share");
    value_ = ::new (at) T{};
  }
  SharedValue(const SharedValue&) = delete;
  SharedValue& operator=(const SharedValue&) = delete;
  ~SharedValue() { ::munmap(value_, sizeof(T)); }

  T* get() const noexcept { return value_; }
  T* operator->() const noexcept { return value_; }
  T& operator*() const noexcept { return *value_; }

 private:
  T* value_;
};

/// An array of such values.
template <class T>
class SharedArray {
  static_assert(std::is_trivially_destructible_v<T>, "several processes would destroy it");

 public:
  explicit SharedArray(std::size_t size) : size_(size) {
    void* at = ::mmap(nullptr, bytes(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (at == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "memory that processes share");
    values_ = static_cast<T*>(at);
    for (std::size_t i = 0; i < size_; ++i) ::new (static_cast<void*>(values_ + i)) T{};
  }
  SharedArray(const SharedArray&) = delete;
  SharedArray& operator=(const SharedArray&) = delete;
  ~SharedArray() { ::munmap(values_, bytes()); }

  T& operator[](std::size_t i) const noexcept { return values_[i]; }
  std::size_t size() const noexcept { return size_; }

 private:
  std::size_t bytes() const noexcept { return size_ == 0 ? 1 : size_ * sizeof(T); }

  std::size_t size_;
  T* values_;
};

}  // namespace shmbus::measure
