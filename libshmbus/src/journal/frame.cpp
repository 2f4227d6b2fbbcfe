#include "journal/frame.hpp"

#include <cstring>

#include "journal/checksum.hpp"

namespace shmbus::journal {

namespace {

constexpr std::size_t kSummedFrom = offsetof(FrameHeader, first);
constexpr std::size_t kCheckedFrom = offsetof(FrameHeader, body);

/// Every field is in its range. These are few comparisons, and they fail for zeros and for most payloads.
bool is_plausible(const FrameHeader& h, std::uint64_t offset) noexcept {
  if (h.body > kMaxBody || h.body % 8 != 0 || h.synced > offset) return false;
  if (h.first == 0 || h.first >= kNumberLimit || h.numbers >= kNumberLimit - h.first) return false;
  switch (h.flags) {
    case kEventsFrame:
      return h.events != 0 && h.numbers >= h.events && h.body / 16 >= h.events;
    case kGapFrame:
    case kMissingFrame:
      return h.events == 0 && h.body == 0 && h.numbers != 0;
    case kMarkFrame:
    case kClosingFrame:
      return h.events == 0 && h.body == 0 && h.numbers == 0;
    default:
      return false;
  }
}

std::uint32_t head_check(std::span<const std::byte> header, std::uint64_t seed) noexcept {
  const auto sum = static_cast<std::uint32_t>(checksum(header.first(sizeof(FrameHeader)).subspan(kCheckedFrom), seed));
  return sum != 0 ? sum : 1;
}

}  // namespace

void seal_frame(std::span<std::byte> frame, FrameHeader header, std::uint64_t seed, std::uint64_t offset) noexcept {
  std::memcpy(frame.data(), &header, sizeof header);
  header.checksum = checksum(frame.subspan(kSummedFrom), seed + offset);
  std::memcpy(frame.data(), &header, sizeof header);
  header.check = head_check(frame, seed + offset);
  std::memcpy(frame.data(), &header, sizeof header);
}

bool load_frame_header(std::span<const std::byte, sizeof(FrameHeader)> bytes, std::uint64_t seed, std::uint64_t offset,
                       FrameHeader& header) noexcept {
  std::memcpy(&header, bytes.data(), sizeof header);
  return is_plausible(header, offset) && header.check == head_check(bytes, seed + offset);
}

bool frame_is_valid(std::span<const std::byte> frame, const FrameHeader& header, std::uint64_t seed,
                    std::uint64_t offset) noexcept {
  return frame.size() == header.size() && header.checksum == checksum(frame.subspan(kSummedFrom), seed + offset);
}

}  // namespace shmbus::journal
