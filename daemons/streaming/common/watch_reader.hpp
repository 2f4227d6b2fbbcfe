#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/csv.hpp"
#include "common/events.hpp"

namespace streaming {

/// Turns a row of userId, movieId, rating, timestamp into a watch; nothing, and what is wrong, if it is malformed.
std::optional<WatchStarted> parse_watch(const std::vector<std::string>& row, RowProblem& problem);

/// Watches from CSV with the columns userId, movieId, rating and timestamp.
class WatchReader {
 public:
  explicit WatchReader(LineSource& lines) : csv_(lines, {"userId", "movieId", "rating", "timestamp"}) {}

  /// Waits for the next request; returns false at the end.
  bool next() { return csv_.next(); }

  /// Reads that request; nothing if it is malformed, which is then reported and counted.
  std::optional<WatchStarted> parse();

  std::uint64_t malformed() const { return csv_.malformed(); }

 private:
  CsvReader csv_;
};

}  // namespace streaming
