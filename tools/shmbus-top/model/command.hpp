#pragma once

#include <cstddef>
#include <cstdint>

namespace shmbus::top {

/// What a key or a click asks for.
enum class Action : std::uint8_t {
  none,
  quit,
  help,
  back,
  pause,
  look,  ///< refresh now
  next_pane,
  previous_pane,
  pane,  ///< the one of number `which`
  up,
  down,
  page_up,
  page_down,
  first,
  last,
  left,  ///< columns that a narrow screen hides
  right,
  choose,  ///< the row of number `which`; its detail if it was chosen already
  open,    ///< the detail of the chosen row's topic
  events,  ///< the last events of that topic
  alerts,  ///< all alerts
  buses,   ///< the list to choose another bus from
  sort_left,
  sort_right,
  sort_by,  ///< the column of number `which`; in reverse if it is sorted by it already
  reverse,
  filter,  ///< begin to type it
  units,
  latency,
  slower,
  faster,
};

struct Command {
  Action action = Action::none;
  std::size_t which = 0;
};

}  // namespace shmbus::top
