#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace shmbus::journal {

/// XXH3-64 of the bytes.
std::uint64_t checksum(std::span<const std::byte> bytes, std::uint64_t seed) noexcept;

}  // namespace shmbus::journal
