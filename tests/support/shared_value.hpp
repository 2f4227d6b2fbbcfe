#pragma once

#include <sys/mman.h>

#include <new>
#include <stdexcept>

namespace test {

/// A T made of atomics that forked processes share. Make it before they are forked.
template <class T>
class SharedValue {
 public:
  SharedValue() {
    void* at = ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) throw std::runtime_error("no shared memory");
    value_ = new (at) T{};
  }
  SharedValue(const SharedValue&) = delete;
  SharedValue& operator=(const SharedValue&) = delete;
  ~SharedValue() { ::munmap(value_, sizeof(T)); }

  T& operator*() const noexcept { return *value_; }
  T* operator->() const noexcept { return value_; }

 private:
  T* value_;
};

}  // namespace test
