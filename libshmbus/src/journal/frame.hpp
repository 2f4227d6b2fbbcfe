#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "journal/file_layout.hpp"

namespace shmbus::journal {

/// Writes the header into the first bytes of a frame, with both checksums. The body stands behind it already.
void seal_frame(std::span<std::byte> frame, FrameHeader header, std::uint64_t seed, std::uint64_t offset) noexcept;

/// Whether these bytes are a frame's header, right in itself. Then its length and numbers can be relied on. Its body may
/// be damaged.
bool load_frame_header(std::span<const std::byte, sizeof(FrameHeader)> bytes, std::uint64_t seed, std::uint64_t offset,
                       FrameHeader& header) noexcept;

/// Whether a whole frame, whose header is right, is valid (F2).
bool frame_is_valid(std::span<const std::byte> frame, const FrameHeader& header, std::uint64_t seed,
                    std::uint64_t offset) noexcept;

}  // namespace shmbus::journal
