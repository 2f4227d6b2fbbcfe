#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "shmbus/detail/header_begin.hpp"

namespace shmbus::detail {

/// The payloads of a batch: in separate places, or all of one size and consecutive.
class Payloads {
 public:
  using Bytes = std::span<const std::byte>;

  explicit Payloads(std::span<const Bytes> all) noexcept : begin_(all.data()), count_(all.size()), kind_(Kind::bytes) {}
  explicit Payloads(std::span<const std::string_view> all) noexcept
      : begin_(all.data()), count_(all.size()), kind_(Kind::texts) {}
  /// `count` payloads of `size` bytes.
  Payloads(const void* begin, std::size_t size, std::size_t count) noexcept
      : begin_(begin), count_(count), size_(size), kind_(Kind::values) {}

  std::size_t count() const noexcept { return count_; }
  Bytes operator[](std::size_t i) const noexcept {
    if (kind_ == Kind::bytes) return static_cast<const Bytes*>(begin_)[i];
    if (kind_ == Kind::values) return {static_cast<const std::byte*>(begin_) + i * size_, size_};
    return std::as_bytes(std::span{static_cast<const std::string_view*>(begin_)[i]});
  }

 private:
  enum class Kind : std::uint8_t { bytes, texts, values };

  const void* begin_;
  std::size_t count_;
  std::size_t size_ = 0;
  Kind kind_;
};

}  // namespace shmbus::detail

#include "shmbus/detail/header_end.hpp"
