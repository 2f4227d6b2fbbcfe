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

/// Takes the lines of a CSV file apart (RFC 4180, but no line ends inside quotes) and keeps account of those it cannot
/// use. A malformed row is reported with its file and line, skipped and counted.
class CsvReader {
 public:
  /// Reads the header and finds the columns in it, whatever their order and whatever stands beside them. Throws, naming
  /// what is missing.
  CsvReader(LineSource& lines, std::vector<std::string> columns);

  /// The next line that is not empty; false at the end. Apart from `parse`, so that the time the input takes to arrive
  /// is not counted as the time its row takes to handle.
  bool next();

  /// The wanted columns of that line, in the order they were asked for; null where it is malformed. The texts are valid
  /// until the next call of either.
  const std::vector<std::string>* parse();

  /// Skips the row as malformed, for a reason that only the caller knows.
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

/// Text as an error message shows it: in quotes, shortened, with `?` for what is no printable character.
std::string quoted(std::string_view text);

}  // namespace streaming
