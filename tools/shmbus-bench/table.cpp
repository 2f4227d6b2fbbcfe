#include "table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace shmbus::bench {

namespace {

/// Columns on a terminal: UTF-8 continues a character with bytes 10xxxxxx.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

/// Three significant digits.
std::string three(double value) {
  const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f}", value, decimals);
}

}  // namespace

std::string Table::text() const {
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string text;
  const auto add_line = [&](const std::vector<std::string>& row) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string pad(widths[i] - width(row[i]), ' ');
      line += i == 0 ? row[i] + pad : "  " + pad + row[i];
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  };
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    add_line(rows_[i]);
    if (i != 0) continue;
    std::vector<std::string> rule;
    for (const std::size_t w : widths) rule.emplace_back(w, '-');
    add_line(rule);
  }
  return text;
}

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
