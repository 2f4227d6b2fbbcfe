#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "model/compared_snapshot.hpp"
#include "model/grid.hpp"
#include "model/units.hpp"

namespace shmbus::top {

/// In this order: the keys 1, 2, ... choose them.
enum class Pane : std::uint8_t { topics, subscribers, publishers, nodes, journals, durables, groups };
inline constexpr std::array panes = {Pane::topics, Pane::subscribers, Pane::publishers,
                                     Pane::nodes,  Pane::journals,    Pane::durables,    Pane::groups};
const char* to_string(Pane pane) noexcept;   ///< "topics" and so on
const char* brief_name(Pane pane) noexcept;  ///< the same for a narrow screen: "subs"
std::optional<Pane> parse_pane(std::string_view text);

/// How figures are shown.
struct Style {
  Units units = Units::binary;
  bool whole_latency = false;  ///< delivery latency since a subscriber attached, instead of since the last snapshot
};

/// One row for each topic, port, node, journal, durable name or group, in the snapshot's order.
Grid grid_of(Pane pane, const ComparedSnapshot& look, const Style& style);

/// The column by which a pane is sorted at first: busy rows, or rows in trouble, come first.
Order first_order(Pane pane);

}  // namespace shmbus::top
