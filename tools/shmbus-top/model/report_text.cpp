#include <fmt/format.h>

#include "model/alerts.hpp"
#include "model/header.hpp"
#include "model/report.hpp"
#include "table.hpp"

namespace shmbus::top {
namespace {

std::string table_text(const Grid& grid) {
  std::vector<tool::Table::Column> columns;
  for (const Column& column : grid.columns)
    columns.push_back({column.heading, column.is_text ? tool::Table::Align::left : tool::Table::Align::right});
  tool::Table table{std::move(columns)};
  for (const Row& row : grid.rows) {
    std::vector<std::string> cells;
    for (const Cell& cell : row.cells) cells.push_back(cell.text);
    table.add(std::move(cells));
  }
  return table.text();
}

}  // namespace

std::string report_text(const ComparedSnapshot& look, const ReportChoice& choice) {
  std::string text;
  for (const Line& line : header_lines(look, choice.style)) text += text_of(line) + '\n';
  for (const Alert& alert : find_alerts(look)) text += fmt::format("alert: {}\n", alert.text);
  for (const Pane pane : panes) {
    if (choice.pane && pane != *choice.pane) continue;
    Grid grid = grid_of(pane, look, choice.style);
    filter(grid, choice.filter);
    sort(grid, choice.pane && choice.order ? *choice.order : first_order(pane));
    const std::string table = table_text(grid);
    text += table.empty() ? fmt::format("\nno {}\n", to_string(pane)) : '\n' + table;
  }
  return text;
}

}  // namespace shmbus::top
