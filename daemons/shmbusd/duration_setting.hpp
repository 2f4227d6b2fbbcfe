#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace shmbus::daemon {

/// "250ms", "5s", "2m", "1h", "2m16s": whole numbers and their units (h, m, s, ms, in this order), up to ten years.
/// Nothing where it is none of them.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) noexcept;

}  // namespace shmbus::daemon
