#pragma once

#include <string>
#include <utility>
#include <vector>

namespace shmbus::bench {

/// Rows of text in columns: the first flush left, the others right.
class RuledTable {
 public:
  explicit RuledTable(std::vector<std::string> heads) : rows_{std::move(heads)} {}
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  /// Lines, each ended; under the heads stands a rule.
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace shmbus::bench
