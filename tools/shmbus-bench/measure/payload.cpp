#include "measure/payload.hpp"

#include <array>

namespace shmbus::measure {

void read_every_byte(std::span<const std::byte> bytes) noexcept {
  constexpr std::size_t kSums = 8;  // a cache line; no sum waits for another
  std::array<std::uint64_t, kSums> sums{};
  const std::byte* at = bytes.data();
  const std::byte* const end = at + bytes.size();
  for (; static_cast<std::size_t>(end - at) >= sizeof sums; at += sizeof sums) {
    std::array<std::uint64_t, kSums> words;
    std::memcpy(words.data(), at, sizeof words);
    for (std::size_t i = 0; i < kSums; ++i) sums[i] += words[i];
  }
  std::uint64_t sum = 0;
  for (; at < end; ++at) sum += static_cast<std::uint8_t>(*at);
  for (const std::uint64_t one : sums) sum += one;
  asm volatile("" : : "r"(sum));  // so that the bytes are read
}

}  // namespace shmbus::measure
