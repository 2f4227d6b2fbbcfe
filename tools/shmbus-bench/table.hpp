#pragma once

#include <string>
#include <vector>

namespace shmbus::bench {

/// Rows of text in columns: the first flush left, the others right.
class Table {
 public:
  explicit Table(std::vector<std::string> heads) : rows_{std::move(heads)} {}
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  /// Lines, each ended; under the heads stands a rule.
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// "52.4 ns", "17.1 µs", "1.80 s"
std::string time_text(double nanoseconds);
/// "12.4 M", "950 k"
std::string count_text(double number);
/// "64 B", "4 KiB", "1 MiB"
std::string size_text(std::uint64_t bytes);
/// "1.19x"
std::string ratio_text(double ratio);

}  // namespace shmbus::bench
