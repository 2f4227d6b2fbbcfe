#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace shmbus::tool {

/// Text in columns as wide as their widest cell, two spaces apart. If that is too wide for a terminal, cells of some
/// columns are shortened in their middle ("video.wat~started"), and some columns are left out.
class Table {
 public:
  enum class Align { left, right };
  struct Column {
    std::string heading;
    Align align = Align::right;
    /// Columns of higher rank are left out first; those of rank 0 never.
    unsigned rank = 0;
    /// The width to which cells may be shortened, in characters; 0: never.
    std::size_t least = 0;
  };

  explicit Table(std::vector<Column> columns);

  /// Adds a row with as many cells as there are columns.
  void add(std::vector<std::string> row);
  bool empty() const noexcept { return rows_.empty(); }

  /// The heading and the rows, in lines of at most `width` characters if the ranks allow it; with 0 in full width. Empty if
  /// there are no rows.
  std::string text(std::size_t width = 0) const;

 private:
  struct Shown {
    std::size_t column, width;
  };
  std::vector<Shown> fit(std::size_t width) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// The text in at most `width` characters; the middle of a longer text is replaced by ~. UTF-8 characters stay intact.
std::string shorten(const std::string& text, std::size_t width);

}  // namespace shmbus::tool
