#pragma once

#include <cstdint>

namespace shmbus::layout {

// One word of the ring, which a compare-and-swap changes as a whole:
//
//  63                                      20 19                  0
//  +-----------------------------------------+--------------------+
//  | block number, low 44 bits               | physical block     |
//  +-----------------------------------------+--------------------+
//
// A slot keeps its block number when its block is dropped, so a late compare-and-swap can't succeed. Physical block
// 0xfffff means that no block is linked under that number: it is not written yet, or was dropped early.
class RingEntry {
 public:
  static constexpr unsigned kPhysicalBits = 20;
  static constexpr std::uint32_t kNoBlock = (1u << kPhysicalBits) - 1;
  static constexpr std::uint64_t kNumberMask = (std::uint64_t{1} << (64 - kPhysicalBits)) - 1;

  constexpr explicit RingEntry(std::uint64_t word) noexcept : word_(word) {}
  constexpr RingEntry(std::uint64_t number, std::uint32_t physical) noexcept
      : word_(number << kPhysicalBits | physical) {}

  constexpr std::uint64_t word() const noexcept { return word_; }
  constexpr std::uint32_t physical() const noexcept { return static_cast<std::uint32_t>(word_) & kNoBlock; }
  constexpr bool linked() const noexcept { return physical() != kNoBlock; }

  constexpr bool holds(std::uint64_t number) const noexcept { return word_ >> kPhysicalBits == (number & kNumberMask); }

  /// How far this entry's number is ahead of `number`. A result above half the range means that it is behind.
  constexpr std::uint64_t ahead_of(std::uint64_t number) const noexcept {
    return ((word_ >> kPhysicalBits) - number) & kNumberMask;
  }
  constexpr bool older_than(std::uint64_t number) const noexcept { return ahead_of(number) > kNumberMask / 2; }

 private:
  std::uint64_t word_;
};

}  // namespace shmbus::layout
