#include "model/table_lines.hpp"

#include <algorithm>
#include <numeric>

namespace shmbus::top {
namespace {

std::string heading_of(const Grid& grid, std::size_t column, Order order) {
  const bool falling = grid.columns[column].is_text == order.reversed;
  return grid.columns[column].heading + (column != order.column ? "" : falling ? "v" : "^");
}

}  // namespace

TableLines::TableLines(const Grid& grid, Order order, std::size_t width, std::size_t skip)
    : grid_(&grid), order_(order) {
  for (std::size_t c = 0; c < grid.columns.size(); ++c) {
    if (c > 0 && c <= skip) continue;
    // One more than the heading, so that the sort mark moves nothing.
    std::size_t widest = grid.columns[c].heading.size() + (c == order.column ? 1 : 0);
    for (const Row& row : grid.rows) widest = std::max(widest, width_of(row.cells[c].text));
    places_.push_back({.column = c, .from = 0, .width = widest});
  }
  const auto essential = static_cast<std::ptrdiff_t>(
      std::count_if(places_.begin(), places_.end(), [&](const Place& p) { return p.column < grid.essential; }));
  const auto total = [&] {
    return std::accumulate(places_.begin(), places_.begin() + essential, static_cast<std::size_t>(essential),
                           [](std::size_t sum, const Place& place) { return sum + place.width; });
  };
  while (essential > 0 && total() > width + 1) {
    Place* longest = nullptr;
    for (Place& place : places_) {
      const std::size_t least = grid.columns[place.column].least;
      if (least != 0 && place.column < grid.essential &&
          place.width > std::max(least, grid.columns[place.column].heading.size() + 1) &&
          (longest == nullptr || place.width > longest->width))
        longest = &place;
    }
    if (longest == nullptr) break;
    --longest->width;
  }
  std::size_t from = 0;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    places_[i].from = from;
    from += places_[i].width + 1;
    if (from > width + 1 && i > 0) {
      places_.resize(i);  // no half columns
      complete_ = false;
    }
  }
}

Line TableLines::heading() const {
  Line line;
  line.reversed = true;
  for (const Place& place : places_) {
    const bool chosen = place.column == order_.column;
    line.add(fit(heading_of(*grid_, place.column, order_), place.width, !grid_->columns[place.column].is_text),
             chosen ? Tone::strong : Tone::plain);
    line.add(" ");
  }
  if (!complete_) line.add(">");
  return line;
}

Line TableLines::row(std::size_t i) const {
  Line line;
  for (const Place& place : places_) {
    const Cell& cell = grid_->rows[i].cells[place.column];
    line.add(fit(cell.text, place.width, !grid_->columns[place.column].is_text), cell.tone);
    line.add(" ");
  }
  return line;
}

}  // namespace shmbus::top
