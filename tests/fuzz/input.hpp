#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace fuzz {

/// The input bytes of one run, taken from the front. Beyond their end it gives zeros.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) noexcept : rest_(data, size) {}

  bool empty() const noexcept { return rest_.empty(); }
  std::span<const std::uint8_t> rest() const noexcept { return rest_; }

  template <class T = std::uint8_t>
  T take() noexcept {
    T value{};
    const std::size_t n = std::min(sizeof value, rest_.size());
    if (n != 0) std::memcpy(&value, rest_.data(), n);
    rest_ = rest_.subspan(n);
    return value;
  }
  /// A number below `limit`.
  std::uint32_t below(std::uint32_t limit) noexcept { return take<std::uint8_t>() % limit; }
  bool chance() noexcept { return (take() & 1) != 0; }

 private:
  std::span<const std::uint8_t> rest_;
};

}  // namespace fuzz
