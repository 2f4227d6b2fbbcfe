#pragma once

#include <cstdint>

namespace shmbus::layout {

// What a publisher shows together with the tail value at which it claims:
//
//  63                   53 52         45 44               25 24       23        0
//  +----------------------+-------------+-------------------+---------+----------+
//  | tail, low bits       | events - 1  | physical block    | padding | size / 8 |
//  +----------------------+-------------+-------------------+---------+----------+
//
// One claim covers one record, or a batch: several consecutive events; `size` is then the sum of their strides. The low
// bits of the tail show that both words belong together.
class ClaimWord {
 public:
  /// The most events that one claim covers.
  static constexpr unsigned kMaxEvents = 256;

  constexpr explicit ClaimWord(std::uint64_t word) noexcept : word_(word) {}
  constexpr ClaimWord(std::uint64_t tail, std::uint32_t physical, bool padding, std::size_t stride,
                      unsigned events = 1) noexcept
      : word_(tail << kTailShift | std::uint64_t{events - 1} << kEventsShift | std::uint64_t{physical} << 25 |
              std::uint64_t{padding} << 24 | stride / 8) {}

  /// Returns the claim of a record, made from the empty claim of its block.
  constexpr ClaimWord at(std::uint64_t tail, std::size_t stride) const noexcept {
    return ClaimWord(word_ | tail << kTailShift | stride / 8);
  }
  /// Returns the claim of a batch, made from the empty claim of its block.
  constexpr ClaimWord at(std::uint64_t tail, std::size_t stride, unsigned events) const noexcept {
    return ClaimWord(at(tail, stride).word() | std::uint64_t{events - 1} << kEventsShift);
  }

  constexpr std::uint64_t word() const noexcept { return word_; }
  constexpr std::size_t stride() const noexcept { return static_cast<std::size_t>(word_ & 0xff'ffff) * 8; }
  constexpr bool padding() const noexcept { return (word_ >> 24 & 1) != 0; }
  /// Returns how many sequences it takes: 0 if it is padding.
  constexpr unsigned events() const noexcept {
    return padding() ? 0 : static_cast<unsigned>(word_ >> kEventsShift & (kMaxEvents - 1)) + 1;
  }
  constexpr std::uint32_t physical() const noexcept { return static_cast<std::uint32_t>(word_ >> 25) & kPhysicalMask; }
  constexpr bool belongs_to(std::uint64_t tail) const noexcept {
    return word_ >> kTailShift == (tail & (~std::uint64_t{0} >> kTailShift));
  }

 private:
  static constexpr unsigned kEventsShift = 45, kTailShift = 53;
  static constexpr std::uint32_t kPhysicalMask = (1u << 20) - 1;  // as RingEntry::kNoBlock

  std::uint64_t word_;
};

}  // namespace shmbus::layout
