#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace shmbus::measure {

/// How much of a payload is written and read. Whatever is: the first word is the event's number.
enum class Touch : std::uint8_t {
  first,  ///< the first word
  ends,   ///< the first and the last word, which must agree
  all,    ///< every byte
};

constexpr const char* to_string(Touch touch) noexcept {
  return touch == Touch::first ? "first" : touch == Touch::ends ? "ends" : "all";
}

/// The smallest payload: one word.
inline constexpr std::size_t kSmallestPayload = sizeof(std::uint64_t);

/// Writes the number into the words that Touch names; with `all`, into each whole one.
inline void write_number(std::span<std::byte> payload, std::uint64_t number, Touch touch) noexcept {
  std::byte* const last = payload.data() + payload.size() - sizeof number;
  if (touch == Touch::all) {
    for (std::byte* at = payload.data(); at <= last; at += sizeof number) std::memcpy(at, &number, sizeof number);
  }
  std::memcpy(payload.data(), &number, sizeof number);
  if (touch != Touch::first) std::memcpy(last, &number, sizeof number);
}

/// Reads all of it, as fast as a core can: what is compared by it is how the bytes came here. One function out of line,
/// so that all who read do it by the same instructions.
void read_every_byte(std::span<const std::byte> bytes) noexcept;

/// The number a payload carries, all read that Touch names. False in `whole` where its ends disagree.
inline std::uint64_t read_number(std::span<const std::byte> payload, Touch touch, bool& whole) noexcept {
  std::uint64_t number;
  std::memcpy(&number, payload.data(), sizeof number);
  if (touch == Touch::first) return number;
  const std::byte* const end = payload.data() + payload.size();
  if (touch == Touch::all) read_every_byte(payload);
  std::uint64_t last;
  std::memcpy(&last, end - sizeof last, sizeof last);
  whole = whole && last == number;
  return number;
}

}  // namespace shmbus::measure
