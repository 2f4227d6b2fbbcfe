#pragma once

#include <span>
#include <vector>

#include "model/line.hpp"
#include "model/pane.hpp"

namespace shmbus::top {

/// All there is to see of one topic. `ring` may be null, where it could not be read.
std::vector<Line> detail_page(const Look& look, std::string_view topic, const RingSnapshot* ring,
                              std::span<const double> rates, const Style& style, std::size_t width, bool utf8);

/// The keys, and what the columns mean.
std::vector<Line> help_page();

}  // namespace shmbus::top
