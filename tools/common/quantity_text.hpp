#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace shmbus::tool {

/// 1536 -> "1.5 KiB".
std::string byte_count(std::uint64_t bytes);

/// A length of time with three digits and its unit: "850 ns", "12.3 us", "1.50 s", "2.50 h".
std::string duration_text(std::chrono::nanoseconds length);

/// "1 event", "2 events".
std::string counted(std::uint64_t count, std::string_view noun);

}  // namespace shmbus::tool
