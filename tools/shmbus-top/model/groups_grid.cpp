#include "group_text.hpp"
#include "model/pane_grids.hpp"
#include "model/row_id.hpp"
#include "printable_text.hpp"

namespace shmbus::top {
namespace {

Cell state_of(const GroupSnapshot& g) {
  if (!g.problem.empty()) return {"unreadable", Tone::bad};
  if (g.full) return {"full", Tone::bad};
  if (g.cautious) return {"cautious", Tone::bad};
  if (g.members.empty()) return {"nobody", g.lag != 0 ? Tone::notice : Tone::quiet};
  return {"ok", Tone::good};
}

/// Who holds its first unsettled event.
Cell holder_of(const GroupSnapshot& g) {
  if (!g.oldest || g.oldest->state != GroupEventState::leased) return {"-", Tone::quiet};
  return {tool::holder_text(*g.oldest), g.oldest->node_state == NodeState::alive ? Tone::plain : Tone::notice};
}

Cell oldest_cell(const GroupSnapshot& g) {
  if (!g.oldest_age) return {"-", 0.0, Tone::quiet};
  return {time_text(*g.oldest_age), static_cast<double>(g.oldest_age->count())};
}

Row group_row(const ComparedSnapshot& look, std::size_t i, const Style& style) {
  const GroupSnapshot& g = look.groups[i];
  const GroupRates& rates = look.group_rates[i];
  return {
      row_id(g),
      g.topic,
      {Cell{g.group}, Cell{tool::printable(g.topic)}, state_of(g), count_cell(g.members.size()),
       count_cell(g.lag, g.members.empty() ? Tone::notice : Tone::plain), count_cell(g.leased), count_cell(g.waiting),
       oldest_cell(g), holder_of(g), rate_cell(look, rates.acknowledged, style.units), count_cell(g.counts.redelivered),
       count_cell(g.counts.dead_letters, Tone::notice), count_cell(g.counts.unpublished, Tone::bad),
       count_cell(g.counts.lost, Tone::bad), count_cell(g.deaths, Tone::notice)}};
}

}  // namespace

Grid groups_grid(const ComparedSnapshot& look, const Style& style) {
  Grid grid{{{.heading = "GROUP", .is_text = true, .least = 8},
             {.heading = "TOPIC", .is_text = true, .least = 10},
             {.heading = "STATE", .is_text = true, .rank = 1},
             {.heading = "MEMBERS", .rank = 4},
             {.heading = "LAG", .rank = 1},
             {.heading = "LEASED", .rank = 2},
             {.heading = "WAITING", .rank = 2},
             {.heading = "OLDEST", .rank = 3},
             {.heading = "HOLDER", .is_text = true, .rank = 7, .least = 8},
             {.heading = "EVENTS/S", .rank = 3},
             {.heading = "AGAIN", .rank = 6},
             {.heading = "DEAD", .rank = 5},
             {.heading = "UNPUBLISHED", .rank = 8},
             {.heading = "LOST", .rank = 5},
             {.heading = "DEATHS", .rank = 9}},
            {}};
  for (std::size_t i = 0; i < look.groups.size(); ++i) grid.rows.push_back(group_row(look, i, style));
  return grid;
}

}  // namespace shmbus::top
