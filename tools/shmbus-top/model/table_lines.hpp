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
};

/// A grid laid out for a screen of some width: columns as wide as their texts, those of names shorter where it is
/// narrow. The first column always shows, `skip` columns after it don't, and what does not fit is cut off at the right.
class TableLines {
 public:
  TableLines(const Grid& grid, Order order, std::size_t width, std::size_t skip);

  Line heading() const;
  Line row(std::size_t i) const;
  const std::vector<Place>& places() const noexcept { return places_; }
  bool complete() const noexcept { return complete_; }  ///< false: columns at the right are cut off

 private:
  const Grid* grid_;
  Order order_;
  std::vector<Place> places_;
  bool complete_ = true;
};

}  // namespace shmbus::top
