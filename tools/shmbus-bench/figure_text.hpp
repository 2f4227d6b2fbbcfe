#pragma once

#include <cstdint>
#include <string>

namespace shmbus::bench {

/// "52.4 ns", "17.1 µs", "1.80 s"
std::string time_text(double nanoseconds);
/// "12.4 M", "950 k"
std::string count_text(double number);
/// "64 B", "4 KiB", "1 MiB"
std::string size_text(std::uint64_t bytes);
/// "1.19x"
std::string ratio_text(double ratio);

}  // namespace shmbus::bench
