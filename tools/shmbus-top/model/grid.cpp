#include "model/grid.hpp"

#include <algorithm>
#include <cctype>
#include <sstream>

namespace shmbus::top {
namespace {

std::string lower(std::string_view text) {
  std::string small{text};
  std::transform(small.begin(), small.end(), small.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return small;
}

}  // namespace

void sort(Grid& grid, Order order) {
  if (order.column >= grid.columns.size()) return;
  const bool is_text = grid.columns[order.column].is_text;
  const auto compare = [&](const Row& a, const Row& b) {
    const Cell& x = a.cells[order.column];
    const Cell& y = b.cells[order.column];
    if (is_text) return x.text.compare(y.text);
    return x.value > y.value ? -1 : x.value < y.value ? 1 : 0;
  };
  // Rows that are equal keep their order, so that they do not change places at each refresh.
  std::stable_sort(grid.rows.begin(), grid.rows.end(),
                   [&](const Row& a, const Row& b) { return order.reversed ? compare(a, b) > 0 : compare(a, b) < 0; });
}

void filter(Grid& grid, std::string_view words) {
  std::istringstream stream{lower(words)};
  for (std::string word; stream >> word;) {
    std::erase_if(grid.rows, [&](const Row& row) {
      return std::none_of(row.cells.begin(), row.cells.end(),
                          [&](const Cell& cell) { return lower(cell.text).find(word) != std::string::npos; });
    });
  }
}

void keep_topic(Grid& grid, std::string_view topic) {
  std::erase_if(grid.rows, [&](const Row& row) { return row.topic != topic; });
}

std::optional<std::size_t> find_column(const Grid& grid, std::string_view heading) {
  for (std::size_t i = 0; i < grid.columns.size(); ++i) {
    if (lower(grid.columns[i].heading) == lower(heading)) return i;
  }
  return std::nullopt;
}

}  // namespace shmbus::top
