#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "shmbus/options.hpp"

namespace shmbus::tool {

/// The time in RFC 3339, in UTC and to the nanosecond: "2024-05-01T12:00:00.000000001Z".
std::string rfc3339(Time time);

/// What a person writes for a time: RFC 3339 ("2024-05-01T14:00:00+02:00", "2024-05-01T12:00:00.5Z"), seconds since
/// 1970
/// ("1714564800.25"), or an age ("-5s", "-1.5h"; ms, s, m, h, d). Nothing where it is none of them.
std::optional<Time> parse_time(std::string_view text, Time now);

}  // namespace shmbus::tool
