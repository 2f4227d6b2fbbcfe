#pragma once

#include <vector>

#include "model/grid.hpp"
#include "model/line.hpp"

namespace shmbus::top {

/// Where a column stands on the screen.
struct Place {
  std::size_t column = 0;
  std::size_t from = 0;
  std::size_t width = 0;
  bool brief = false;  ///< its cells show their brief texts
};

/// How a table is laid out.
struct TableStyle {
  std::size_t width = 80;
  std::size_t skip = 0;  ///< how many columns after the first are skipped
  bool utf8 = false;
};

/// The widest that number columns have been, so that columns don't jump when a number gets a digit more or less.
using WidestNumbers = std::vector<std::size_t>;

/// A grid laid out for a screen of some width: columns as wide as their texts. A narrow screen hides columns and shows
/// brief texts, by rank; then it cuts names; then it cuts off columns at the right. The first column and the one that
/// is sorted by are always shown. A trend takes the room that is left.
class TableLines {
 public:
  TableLines(const Grid& grid, Order order, const TableStyle& style, WidestNumbers* widest = nullptr);

  Line heading() const;
  Line row(std::size_t i) const;
  const std::vector<Place>& places() const noexcept { return places_; }
  std::size_t hidden() const noexcept { return hidden_; }  ///< number of hidden columns

 private:
  std::size_t natural_width(std::size_t column, bool brief) const;
  std::size_t total() const;
  bool give_up_one_rank();
  void take_back(std::size_t width);
  bool cut_a_name();
  void place(std::size_t width);
  std::string heading_of(std::size_t column) const;

  const Grid* grid_;
  Order order_;
  bool utf8_;
  std::vector<Place> places_;
  std::vector<Place> given_up_;
  std::size_t hidden_ = 0;
};

}  // namespace shmbus::top
