#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace shmbus::daemon {

/// "250ms", "5s", "2m", "1h": a whole number and its unit, up to ten years. Nothing where it is none of them.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) noexcept;

}  // namespace shmbus::daemon
