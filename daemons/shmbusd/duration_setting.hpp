#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace shmbus::daemon {

/// "250ms", "5s", "2m", "1h", "2m16s": whole numbers and their units (h, m, s, ms, in this order), up to ten years.
/// Returns nothing for other text.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) noexcept;

}  // namespace shmbus::daemon
