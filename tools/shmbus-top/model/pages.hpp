#pragma once

#include <span>
#include <vector>

#include "model/line.hpp"
#include "model/pane.hpp"

namespace shmbus::top {

/// How a page is laid out.
struct PageStyle {
  Style style;
  std::size_t width = 80;
  std::size_t skip = 0;  ///< how many columns of its tables are skipped
  bool utf8 = false;
};

/// The detail of one topic. `ring` may be null if it could not be read.
std::vector<Line> detail_page(const ComparedSnapshot& look, std::string_view topic, const RingSnapshot* ring,
                              std::span<const double> rates, const PageStyle& style);

/// The last events of a topic, the newest first, with readable payloads. `events` as `Inspector::events` returns them.
std::vector<Line> events_page(const ComparedSnapshot& look, std::string_view topic, std::span<const EventSnapshot> events,
                              std::size_t width);

/// The keys, and what the columns mean.
std::vector<Line> help_page();

}  // namespace shmbus::top
