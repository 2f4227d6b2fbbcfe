#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace shmbus::daemon {

/// "250ms", "5s", "2m", "1h", "2m16s": whole numbers and their units (h, m, s, ms, in this order), up to ten years.
/// Returns nothing for other text.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) noexcept;

/// A whole number of milliseconds, as one number and the longest unit that fits: "90s", "2m".
std::string duration_setting(std::chrono::nanoseconds time);

}  // namespace shmbus::daemon
