#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace shmbus::tool {

/// The bytes in base64 (RFC 4648, section 4), padded.
std::string base64(std::span<const std::byte> bytes);

}  // namespace shmbus::tool
