#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "model/grid.hpp"
#include "model/compared_snapshot.hpp"
#include "model/units.hpp"

namespace shmbus::top {

enum class Pane : std::uint8_t { topics, subscribers, publishers, nodes };
inline constexpr std::array panes = {Pane::topics, Pane::subscribers, Pane::publishers, Pane::nodes};
const char* to_string(Pane pane) noexcept;  ///< "topics" and so on
std::optional<Pane> parse_pane(std::string_view text);

/// How figures are shown.
struct Style {
  Units units = Units::binary;
  bool whole_latency = false;  ///< delivery latency since a subscriber attached, instead of since the last snapshot
};

/// One row for each topic, port or node, in the snapshot's order.
Grid grid_of(Pane pane, const ComparedSnapshot& look, const Style& style);

/// The column by which a pane is sorted at first: busy rows, or rows in trouble, come first.
Order first_order(Pane pane);

}  // namespace shmbus::top
