#pragma once

#include <cstddef>
#include <cstdint>

#include "shmbus/detail/header_begin.hpp"

namespace shmbus::detail {

/// The right to write one record.
struct Claim {
  std::byte* record = nullptr;
  std::byte* payload = nullptr;
  std::size_t size = 0;  ///< payload bytes
  std::size_t stride = 0;
  std::uint64_t sequence = 0;
  std::uint16_t flags = 0;
};

}  // namespace shmbus::detail

#include "shmbus/detail/header_end.hpp"
