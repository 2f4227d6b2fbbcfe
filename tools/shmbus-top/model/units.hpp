#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace shmbus::top {

/// How large numbers are written: bytes as "1.5MiB", "1.57MB" or "1572864", events per second as "12.3k" or "12345".
enum class Units : std::uint8_t { binary, decimal, exact };

Units after(Units units);  ///< the next units, in a circle
const char* to_string(Units units) noexcept;
std::optional<Units> parse_units(std::string_view text);

std::string rate_text(double per_second, Units units);
std::string bytes_text(double bytes, Units units);

/// "12.3us".
std::string time_text(std::chrono::nanoseconds length);

}  // namespace shmbus::top
