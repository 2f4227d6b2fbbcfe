#include "table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace shmbus::tool {

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

void Table::add(std::vector<std::string> row) {
  row.resize(columns_.size());
  rows_.push_back(std::move(row));
}

std::string Table::text() const {
  if (rows_.empty()) return {};
  std::vector<std::size_t> width;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    width.push_back(columns_[c].heading.size());
    for (const auto& row : rows_) width[c] = std::max(width[c], row[c].size());
  }
  std::string text;
  const auto append = [&](const auto& cell) {
    std::string line;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      const char* gap = c == 0 ? "" : "  ";
      line += columns_[c].align == Align::left ? fmt::format("{}{:<{}}", gap, cell(c), width[c])
                                               : fmt::format("{}{:>{}}", gap, cell(c), width[c]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  };
  append([&](std::size_t c) -> const std::string& { return columns_[c].heading; });
  for (const auto& row : rows_) append([&](std::size_t c) -> const std::string& { return row[c]; });
  return text;
}

}  // namespace shmbus::tool
