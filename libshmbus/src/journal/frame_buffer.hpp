#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>

#include "journal/file_layout.hpp"

namespace shmbus::journal {

/// Memory for one frame. The body's address is a multiple of 256, so records in it have their topic's alignment.
class FrameBuffer {
 public:
  FrameBuffer() = default;
  explicit FrameBuffer(std::size_t body) { reserve(body); }

  /// Makes room for a body. What was in the buffer is lost where it grows. *Throws* std::bad_alloc.
  void reserve(std::size_t body) {
    if (body <= capacity_) return;
    memory_.reset();
    capacity_ = 0;
    memory_.reset(static_cast<std::byte*>(::operator new (kAlignment + body, std::align_val_t{kAlignment})));
    capacity_ = body;
  }
  std::size_t capacity() const noexcept { return capacity_; }

  /// The frame's header, and `body` bytes behind it. *Requires* a reserved buffer.
  std::span<std::byte> frame(std::size_t body) noexcept {
    return {memory_.get() + kAlignment - sizeof(FrameHeader), sizeof(FrameHeader) + body};
  }
  std::byte* body() noexcept { return memory_.get() + kAlignment; }
  const std::byte* body() const noexcept { return memory_.get() + kAlignment; }

 private:
  static constexpr std::size_t kAlignment = 256;

  struct Free {
    void operator()(std::byte* memory) const noexcept { ::operator delete (memory, std::align_val_t{kAlignment}); }
  };

  std::unique_ptr<std::byte, Free> memory_;
  std::size_t capacity_ = 0;
};

}  // namespace shmbus::journal
