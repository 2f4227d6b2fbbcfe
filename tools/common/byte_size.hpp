#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace shmbus::tool {

/// A number of bytes with a binary unit or none: "65536", "64K", "64KiB", "16M", "10GiB". Returns nothing for other text.
std::optional<std::uint64_t> parse_byte_size(std::string_view text) noexcept;

}  // namespace shmbus::tool
