#pragma once

#include <cstddef>
#include <cstdint>

#include "shmbus/detail/header_begin.hpp"

namespace shmbus::detail {

/// One event as it lies in its block, checked.
struct EventRecord {
  const std::byte* payload = nullptr;
  std::size_t size = 0;                   ///< payload bytes
  const std::byte* extensions = nullptr;  ///< or null; all between it and the payload lies in the record
  std::uint64_t sequence = 0;
  std::uint64_t stamp = 0;  ///< of the bus's clock; 0 without time stamps
  std::uint16_t port = 0;
};

}  // namespace shmbus::detail

#include "shmbus/detail/header_end.hpp"
