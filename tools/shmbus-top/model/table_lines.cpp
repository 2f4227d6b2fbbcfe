#include "model/table_lines.hpp"

#include <algorithm>

#include "model/history.hpp"

namespace shmbus::top {
namespace {

constexpr std::size_t least_trend = 10, most_trend = 60;  // columns

}  // namespace

TableLines::TableLines(const Grid& grid, Order order, const TableStyle& style, WidestNumbers* widest)
    : grid_(&grid), order_(order), utf8_(style.utf8) {
  if (widest != nullptr) widest->resize(grid.columns.size());
  for (std::size_t c = 0; c < grid.columns.size(); ++c) {
    const bool is_trend = grid.columns[c].is_trend;
    if (c > 0 && c <= style.skip && !is_trend) continue;
    std::size_t width = is_trend ? least_trend : natural_width(c, false);
    if (widest != nullptr && !grid.columns[c].is_text && !is_trend)
      width = (*widest)[c] = std::max((*widest)[c], width);
    places_.push_back({.column = c, .from = 0, .width = width});
  }
  while (total() > style.width + 1 && give_up_one_rank()) {
  }
  take_back(style.width);
  while (total() > style.width + 1 && cut_a_name()) {
  }
  place(style.width);
  hidden_ = grid.columns.size() - places_.size();
}

/// Room for the heading with its mark, and for each cell.
std::size_t TableLines::natural_width(std::size_t column, bool brief) const {
  std::size_t width = width_of(heading_of(column));
  for (const Row& row : grid_->rows) {
    const Cell& cell = row.cells[column];
    width = std::max(width, width_of(brief && !cell.brief.empty() ? cell.brief : cell.text));
  }
  return width;
}

/// Each column is followed by a space.
std::size_t TableLines::total() const {
  std::size_t sum = places_.size();
  for (const Place& place : places_) sum += place.width;
  return sum;
}

/// Hides the column, or shortens the texts, of the highest rank; of several the one furthest to the right. Returns false if
/// none is left.
bool TableLines::give_up_one_rank() {
  Rank highest = 0;
  auto at = places_.end();
  bool hides = false;
  for (auto place = places_.begin(); place != places_.end(); ++place) {
    const Column& column = grid_->columns[place->column];
    const bool stays = place->column == 0 || place->column == order_.column;
    if (const Rank rank = stays ? 0 : column.rank; rank != 0 && rank >= highest) {
      highest = rank;
      at = place;
      hides = true;
    }
    if (const Rank rank = place->brief ? 0 : column.brief_rank; rank != 0 && rank >= highest) {
      highest = rank;
      at = place;
      hides = false;
    }
  }
  if (at == places_.end()) return false;
  if (hides) {
    given_up_.push_back(*at);
    places_.erase(at);
  } else {
    at->brief = true;
    at->width = natural_width(at->column, true);
  }
  return true;
}

/// The column that was hidden last may be wider than needed: shows other columns again that fit, by rank.
void TableLines::take_back(std::size_t width) {
  for (auto place = given_up_.rbegin(); place != given_up_.rend(); ++place) {
    if (total() + place->width + 1 > width + 1) continue;
    const auto behind = std::find_if(places_.begin(), places_.end(),
                                     [&](const Place& other) { return other.column > place->column; });
    places_.insert(behind, *place);
  }
}

/// Takes a character from the longest column.
bool TableLines::cut_a_name() {
  Place* longest = nullptr;
  for (Place& place : places_) {
    const std::size_t least = grid_->columns[place.column].least;
    if (least != 0 && place.width > std::max(least, width_of(heading_of(place.column))) &&
        (longest == nullptr || place.width > longest->width))
      longest = &place;
  }
  if (longest == nullptr) return false;
  --longest->width;
  return true;
}

void TableLines::place(std::size_t width) {
  if (const std::size_t used = total(); used < width + 1) {
    for (Place& place : places_) {
      if (grid_->columns[place.column].is_trend) place.width = std::min(most_trend, place.width + width + 1 - used);
    }
  }
  std::size_t from = 0;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    places_[i].from = from;
    from += places_[i].width + 1;
    if (from > width + 1 && i > 0) places_.resize(i);  // no half columns
  }
}

std::string TableLines::heading_of(std::size_t column) const {
  const Column& c = grid_->columns[column];
  if (column != order_.column) return c.heading;
  const bool falling = c.is_text == order_.reversed;
  return c.heading + (utf8_ ? (falling ? " ▼" : " ▲") : (falling ? " v" : " ^"));
}

Line TableLines::heading() const {
  Line line;
  line.ground = Ground::heading;
  for (const Place& place : places_) {
    const Column& column = grid_->columns[place.column];
    line.add(fit(heading_of(place.column), place.width, !column.is_text && !column.is_trend),
             place.column == order_.column ? Tone::strong : Tone::plain);
    line.add(" ");
  }
  return line;
}

Line TableLines::row(std::size_t i) const {
  Line line;
  for (const Place& place : places_) {
    const Row& row = grid_->rows[i];
    const Column& column = grid_->columns[place.column];
    if (column.is_trend) {
      line.add(fit(sparkline(row.trend, place.width, utf8_), place.width), Tone::good);
    } else {
      const Cell& cell = row.cells[place.column];
      line.add(fit(place.brief && !cell.brief.empty() ? cell.brief : cell.text, place.width, !column.is_text),
               cell.tone);
    }
    line.add(" ");
  }
  return line;
}

}  // namespace shmbus::top
