#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "common/line_source.hpp"

namespace streaming {

/// What is wrong with a row, in two phrases.
struct RowProblem {
  std::string expected;
  std::string found;
};

/// Splits the lines of a CSV file into fields (RFC 4180, but without line ends inside quotes). A malformed row is reported
/// with its file and line, skipped and counted.
class CsvReader {
 public:
  /// Reads the header and finds the wanted columns in it, in any order and among others. Throws an error that names missing
  /// columns.
  CsvReader(LineSource& lines, std::vector<std::string> columns);

  /// Reads the next line that is not empty; returns false at the end. Separate from `parse`, so that waiting for input does
  /// not count as time to handle the row.
  bool next();

  /// The wanted columns of that line, in the order they were asked for; null if it is malformed. The texts are valid until
  /// the next call of either function.
  const std::vector<std::string>* parse();

  /// Skips the row as malformed, for the caller's reason.
  void refuse(const RowProblem& problem);

  std::uint64_t malformed() const { return malformed_; }

 private:
  LineSource& lines_;
  std::string_view line_;
  std::vector<std::size_t> positions_;  // of the wanted columns among the file's
  std::size_t width_ = 0;               // columns of the file
  std::vector<std::string> fields_;
  std::vector<std::string> wanted_;
  std::uint64_t malformed_ = 0;
};

/// Splits a line at its commas. A field in double quotes may hold commas, and doubled quotes. False where a quote is
/// out of place.
bool split_row(std::string_view line, std::vector<std::string>& fields, RowProblem& problem);

/// Text for an error message: in quotes, shortened, with `?` for characters that are not printable.
std::string quoted(std::string_view text);

}  // namespace streaming
