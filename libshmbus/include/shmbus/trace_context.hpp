#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

/// The trace context that a publisher may attach to an event, so that a tracer can follow it. The fields are those of
/// W3C Trace Context (https://www.w3.org/TR/trace-context/). shmbus carries them and does not interpret them.
struct TraceContext {
  std::array<std::byte, 16> trace_id{};
  std::array<std::byte, 8> parent_id{};
  std::uint8_t flags = 0;
  std::array<std::byte, 7> reserved{};
};
static_assert(sizeof(TraceContext) == 32);

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
