#pragma once

#include <cstdint>

namespace shmbus::base {

/// Mixes the bits of a word: the finalizer of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number
/// Generators, 2014), which maps no two words to one.
constexpr std::uint64_t mix(std::uint64_t word) noexcept {
  word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9;
  word = (word ^ word >> 27) * 0x94d049bb133111eb;
  return word ^ word >> 31;
}

}  // namespace shmbus::base
