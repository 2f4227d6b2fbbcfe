#pragma once

#include <cstdint>

#include "shmbus/layout/ring_entry.hpp"

#include "shmbus/header_begin.hpp"

namespace shmbus::layout {

// What a publisher shows beside the tail value it claims at:
//
//  63                   45 44               25 24       23        0
//  +----------------------+-------------------+---------+----------+
//  | tail, low bits       | physical block    | padding | size / 8 |
//  +----------------------+-------------------+---------+----------+
//
// The tail's low bits tell a looker that both words belong together.
class ClaimWord {
 public:
  constexpr explicit ClaimWord(std::uint64_t word) noexcept : word_(word) {}
  constexpr ClaimWord(std::uint64_t tail, std::uint32_t physical, bool padding, std::size_t stride) noexcept
      : word_(tail << 45 | std::uint64_t{physical} << 25 | std::uint64_t{padding} << 24 | stride / 8) {}

  /// The claim of a record, made from one of nothing in its block.
  constexpr ClaimWord at(std::uint64_t tail, std::size_t stride) const noexcept {
    return ClaimWord(word_ | tail << 45 | stride / 8);
  }

  constexpr std::uint64_t word() const noexcept { return word_; }
  constexpr std::size_t stride() const noexcept { return static_cast<std::size_t>(word_ & 0xff'ffff) * 8; }
  constexpr bool padding() const noexcept { return (word_ >> 24 & 1) != 0; }
  constexpr std::uint32_t physical() const noexcept {
    return static_cast<std::uint32_t>(word_ >> 25) & RingEntry::kNoBlock;
  }
  constexpr bool belongs_to(std::uint64_t tail) const noexcept { return word_ >> 45 == (tail & 0x7'ffff); }

 private:
  std::uint64_t word_;
};

}  // namespace shmbus::layout

#include "shmbus/header_end.hpp"
