#pragma once

#include <string>
#include <vector>

namespace shmbus::tool {

/// Text in columns as wide as their widest cell, two spaces apart.
class Table {
 public:
  enum class Align { left, right };
  struct Column {
    std::string heading;
    Align align = Align::right;
  };

  explicit Table(std::vector<Column> columns);

  /// As many cells as there are columns.
  void add(std::vector<std::string> row);
  bool empty() const noexcept { return rows_.empty(); }

  /// The heading and the rows; empty where there are no rows.
  std::string text() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace shmbus::tool
