#include "model/pane.hpp"

#include "model/pane_grids.hpp"

namespace shmbus::top {

const char* to_string(Pane pane) noexcept {
  switch (pane) {
    case Pane::topics:
      return "topics";
    case Pane::subscribers:
      return "subscribers";
    case Pane::publishers:
      return "publishers";
    case Pane::nodes:
      return "nodes";
    case Pane::journals:
      return "journals";
    case Pane::durables:
      return "durables";
    case Pane::groups:
      break;
  }
  return "groups";
}

const char* brief_name(Pane pane) noexcept {
  if (pane == Pane::subscribers) return "subs";
  if (pane == Pane::journals) return "journ";
  if (pane == Pane::durables) return "durab";
  return pane == Pane::publishers ? "pubs" : to_string(pane);
}

std::optional<Pane> parse_pane(std::string_view text) {
  for (const Pane pane : panes) {
    if (text == to_string(pane)) return pane;
  }
  return std::nullopt;
}

Grid grid_of(Pane pane, const ComparedSnapshot& look, const Style& style) {
  switch (pane) {
    case Pane::topics:
      return topics_grid(look, style);
    case Pane::subscribers:
      return subscribers_grid(look, style);
    case Pane::publishers:
      return publishers_grid(look, style);
    case Pane::nodes:
      return nodes_grid(look);
    case Pane::journals:
      return journals_grid(look, style);
    case Pane::durables:
      return durables_grid(look, style);
    case Pane::groups:
      break;
  }
  return groups_grid(look, style);
}

Order first_order(Pane pane) {
  const Grid empty = grid_of(pane, {}, {});
  const char* heading = pane == Pane::topics        ? "EVENTS/S"
                        : pane == Pane::subscribers ? "LAG"
                        : pane == Pane::publishers  ? "EVENTS/S"
                        : pane == Pane::nodes       ? "CPU%"
                        : pane == Pane::journals    ? "NOTDURABLE"
                        : pane == Pane::durables    ? "BEHIND"
                                                    : "LAG";
  return {.column = find_column(empty, heading).value_or(0)};
}

}  // namespace shmbus::top
