#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace shmbus::layout {

// The tail is one word:
//
//  63                                                              0
//  +---------------------------+------------------+----------------+
//  | block number, low bits    | offset / 8       | records so far |
//  +---------------------------+------------------+----------------+
//
// The widths follow from the block size. The offset can also be the end of the block: the block is then sealed. The
// count reaches block size / 16.
class TailFormat {
 public:
  constexpr TailFormat() = default;
  constexpr explicit TailFormat(std::size_t block_size) noexcept
      : offset_bits_(static_cast<unsigned>(std::bit_width(block_size / 8))),
        count_bits_(static_cast<unsigned>(std::bit_width(block_size / 16))) {}

  constexpr std::uint64_t make(std::uint64_t block, std::size_t offset, std::uint64_t count) const noexcept {
    return block << (offset_bits_ + count_bits_) | std::uint64_t{offset / 8} << count_bits_ | count;
  }

  /// Low bits of the block number.
  constexpr std::uint64_t block(std::uint64_t tail) const noexcept { return tail >> (offset_bits_ + count_bits_); }
  constexpr std::size_t offset(std::uint64_t tail) const noexcept {
    return static_cast<std::size_t>((tail >> count_bits_) & mask(offset_bits_)) * 8;
  }
  constexpr std::uint64_t count(std::uint64_t tail) const noexcept { return tail & mask(count_bits_); }

  /// The low bits of a whole block number, as a tail holds them.
  constexpr std::uint64_t low(std::uint64_t block) const noexcept {
    return block & mask(64 - offset_bits_ - count_bits_);
  }

  /// The tail after `events` more records, of `stride` bytes together.
  constexpr std::uint64_t after(std::uint64_t tail, std::size_t stride, unsigned events = 1) const noexcept {
    return tail + (std::uint64_t{stride / 8} << count_bits_) + events;
  }

  // Shifts and masks, for inline unpacking.
  constexpr unsigned count_bits() const noexcept { return count_bits_; }
  constexpr unsigned block_shift() const noexcept { return offset_bits_ + count_bits_; }
  constexpr std::uint64_t offset_mask() const noexcept { return mask(offset_bits_); }
  constexpr std::uint64_t count_mask() const noexcept { return mask(count_bits_); }

 private:
  static constexpr std::uint64_t mask(unsigned bits) noexcept { return (std::uint64_t{1} << bits) - 1; }

  unsigned offset_bits_ = 0;
  unsigned count_bits_ = 0;
};

}  // namespace shmbus::layout
