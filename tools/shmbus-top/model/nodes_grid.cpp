#include <fmt/format.h>

#include "model/pane_grids.hpp"
#include "model/row_id.hpp"

namespace shmbus::top {

Grid nodes_grid(const ComparedSnapshot& look) {
  Grid grid{{{.heading = "NODE"},
             {.heading = "PROCESS", .is_text = true, .least = 8},
             {.heading = "PID", .rank = 1},
             {.heading = "STATE", .is_text = true, .rank = 1},
             {.heading = "CPU%", .rank = 2},
             {.heading = "PUBS", .rank = 3},
             {.heading = "SUBS", .rank = 3},
             {.heading = "PATTERNS", .rank = 5},
             {.heading = "AGE", .rank = 4},
             {.heading = "UID", .rank = 6}},
            {}};
  const tool::Bridges bridges{look.bus};
  for (std::size_t i = 0; i < look.bus.nodes.size(); ++i) {
    const NodeSnapshot& node = look.bus.nodes[i];
    const double percent = look.processor[i] * 100;
    const auto age = look.bus.taken - node.started;
    grid.rows.push_back(
        {row_id(node),
         {},
         {{std::to_string(node.id), static_cast<double>(node.id)},
          process_cell(bridges, node.id, {}, node.program),
          pid_cell(node.pid),
          Cell{to_string(node.state), tone_of(node.state)},
          {look.compared ? fmt::format("{:.1f}", percent) : "-", percent, percent == 0 ? Tone::quiet : Tone::plain},
          count_cell(node.publishers),
          count_cell(node.subscribers),
          count_cell(node.subscriptions),
          {time_text(age), static_cast<double>(age.count())},
          {std::to_string(node.uid), static_cast<double>(node.uid)}}});
  }
  return grid;
}

}  // namespace shmbus::top
