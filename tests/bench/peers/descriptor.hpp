#pragma once

#include <cstddef>
#include <span>

namespace peers {

/// Throws std::system_error with errno unless `good`.
void require(bool good, const char* what);

/// Writes all of it, or throws.
void write_all(int fd, std::span<const std::byte> bytes);
/// Reads until `bytes` is full, or throws.
void read_all(int fd, std::span<std::byte> bytes);
/// Reads what is there, at least one byte, or throws.
std::size_t read_some(int fd, std::span<std::byte> bytes);

}  // namespace peers
