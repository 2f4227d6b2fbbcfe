#include "figure_text.hpp"

#include <fmt/format.h>

namespace shmbus::bench {

namespace {

/// Three significant digits.
std::string three(double value) {
  const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f}", value, decimals);
}

}  // namespace

std::string time_text(double nanoseconds) {
  if (nanoseconds < 999.5) return three(nanoseconds) + " ns";
  if (nanoseconds < 999.5e3) return three(nanoseconds / 1e3) + " µs";
  if (nanoseconds < 999.5e6) return three(nanoseconds / 1e6) + " ms";
  return three(nanoseconds / 1e9) + " s";
}

std::string count_text(double number) {
  if (number < 999.5) return fmt::format("{:.0f}", number);
  if (number < 999.5e3) return three(number / 1e3) + " k";
  if (number < 999.5e6) return three(number / 1e6) + " M";
  return three(number / 1e9) + " G";
}

std::string size_text(std::uint64_t bytes) {
  if (bytes >= (1 << 20) && bytes % (1 << 20) == 0) return fmt::format("{} MiB", bytes >> 20);
  if (bytes >= 1024 && bytes % 1024 == 0) return fmt::format("{} KiB", bytes >> 10);
  return fmt::format("{} B", bytes);
}

std::string ratio_text(double ratio) { return three(ratio) + "x"; }

}  // namespace shmbus::bench
