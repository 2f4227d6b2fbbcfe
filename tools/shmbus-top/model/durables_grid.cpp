#include <algorithm>

#include "model/pane_grids.hpp"
#include "model/row_id.hpp"
#include "printable_text.hpp"

namespace shmbus::top {
namespace {

Cell state_of(const DurableSnapshot& d) {
  if (!d.problem.empty()) return {"unreadable", Tone::bad};
  if (!d.held) return {"nobody", d.behind != 0 ? Tone::notice : Tone::quiet};
  if (d.pid != 0 && d.state == NodeState::stopped) return {"stopped", Tone::notice};
  return {"held", Tone::good};
}

/// A holder is not listed for a moment after it took the name.
Cell holder_of(const DurableSnapshot& d, const tool::Bridges& bridges) {
  if (!d.held) return {"-", Tone::quiet};
  return d.pid == 0 ? Cell{"a process"} : process_cell(bridges, d.node, {}, d.program);
}

/// The topic in which it is the furthest behind.
std::string topic_of(const DurableSnapshot& d) {
  const auto most = std::max_element(d.topics.begin(), d.topics.end(),
                                     [](const auto& a, const auto& b) { return a.behind < b.behind; });
  return most == d.topics.end() ? std::string{} : most->topic;
}

Row durable_row(const ComparedSnapshot& look, std::size_t i, const tool::Bridges& bridges, const Style& style) {
  const DurableSnapshot& d = look.durables[i];
  const Tone behind = d.dropped != 0 ? Tone::bad : d.held ? Tone::plain : Tone::notice;
  return {row_id(d),
          topic_of(d),
          {Cell{d.name}, state_of(d), holder_of(d, bridges),
           d.held && d.pid != 0 ? pid_cell(d.pid) : Cell{"-", 0.0, Tone::quiet}, count_cell(d.behind, behind),
           count_cell(d.dropped, Tone::bad), rate_cell(look, look.acknowledged[i], style.units),
           count_cell(d.standing_by), count_cell(d.topics.size()), Cell{tool::printable(d.pattern)}}};
}

}  // namespace

Grid durables_grid(const ComparedSnapshot& look, const Style& style) {
  Grid grid{{{.heading = "NAME", .is_text = true, .least = 10},
             {.heading = "STATE", .is_text = true, .rank = 1},
             {.heading = "HOLDER", .is_text = true, .rank = 2, .brief_rank = 6, .least = 8},
             {.heading = "PID", .rank = 5},
             {.heading = "BEHIND", .rank = 1},
             {.heading = "DROPPED", .rank = 2},
             {.heading = "EVENTS/S", .rank = 3},
             {.heading = "STANDBY", .rank = 4},
             {.heading = "TOPICS", .rank = 6},
             {.heading = "PATTERN", .is_text = true, .rank = 4, .least = 8}},
            {}};
  const tool::Bridges bridges{look.bus};
  for (std::size_t i = 0; i < look.durables.size(); ++i) grid.rows.push_back(durable_row(look, i, bridges, style));
  return grid;
}

}  // namespace shmbus::top
