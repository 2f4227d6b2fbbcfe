#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace shmbus::tool {

/// 1536 -> "1.5 KiB".
std::string byte_count(std::uint64_t bytes);

/// A duration: three digits and a unit below a minute, then two units: "850 ns", "12.3 us", "1.50 s", "2m16s",
/// "3h05m", "12d07h".
std::string duration_text(std::chrono::nanoseconds length);

/// "1 event", "2 events".
std::string counted(std::uint64_t count, std::string_view noun);

}  // namespace shmbus::tool
