#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "shmbus/options.hpp"

namespace shmbus::tool {

/// The time in RFC 3339, in UTC and to the nanosecond: "2024-05-01T12:00:00.000000001Z".
std::string rfc3339(Time time);

/// The time of day in the local time zone: "14:03:07.123456", after its date if that is not the day of `now`.
std::string clock_text(Time time, Time now);

/// Reads a duration: "5s", "1.5h"; units are ms, s, m, h and d. Returns nothing for other text.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

/// Reads a time: RFC 3339 ("2024-05-01T14:00:00+02:00", "2024-05-01T12:00:00.5Z"), seconds since 1970 ("1714564800.25"), or
/// an age ("-5s", "-1.5h"; ms, s, m, h, d). Returns nothing for other text.
std::optional<Time> parse_time(std::string_view text, Time now);

}  // namespace shmbus::tool
