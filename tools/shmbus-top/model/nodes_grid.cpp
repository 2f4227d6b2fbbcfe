#include <fmt/format.h>

#include "model/pane_grids.hpp"

namespace shmbus::top {

Grid nodes_grid(const Look& look) {
  Grid grid{{{"NODE", false},
             {"PROCESS", true, 8},
             {"PID"},
             {"STATE", true},
             {"CPU%"},
             {"PUBS"},
             {"SUBS"},
             {"PATTERNS"},
             {"AGE"},
             {"UID"}},
            {},
            10};
  for (std::size_t i = 0; i < look.bus.nodes.size(); ++i) {
    const NodeSnapshot& node = look.bus.nodes[i];
    const double percent = look.processor[i] * 100;
    const auto age = look.bus.taken - node.started;
    grid.rows.push_back(
        {std::to_string(node.id),
         {},
         {{std::to_string(node.id), static_cast<double>(node.id)},
          process_cell({}, node.program),
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
