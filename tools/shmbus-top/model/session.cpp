#include "model/session.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "model/typed_text.hpp"

namespace shmbus::top {

Session::Session(const Start& start)
    : bus_(start.bus), pane_(start.pane), style_{.units = start.units}, delay_(start.delay), filter_(start.filter) {
  for (const Pane pane : panes) states_[static_cast<std::size_t>(pane)].order = first_order(pane);
  if (start.order) state().order = *start.order;
}

void Session::see(ComparedSnapshot look) {
  history_.add(look);
  alerts_ = find_alerts(look);
  look_ = std::move(look);
}

Grid Session::current_grid() const {
  if (!look_) return grid_of(pane_, {}, style_);
  Grid grid = grid_of(pane_, *look_, style_);
  filter(grid, filter_);
  sort(grid, states_[static_cast<std::size_t>(pane_)].order);
  return grid;
}

/// The chosen row stays chosen when it moves. If it is gone, the row in its place is chosen.
void Session::follow(PaneState& state, const Grid& grid) const {
  if (grid.rows.empty()) {
    state.index = 0;
    return;
  }
  const auto found = std::find_if(grid.rows.begin(), grid.rows.end(),
                                  [&](const Row& row) { return !state.chosen.empty() && row.id == state.chosen; });
  if (found != grid.rows.end()) state.index = static_cast<std::size_t>(found - grid.rows.begin());
  state.index = std::min(state.index, grid.rows.size() - 1);
  // If the user has not moved yet, the top row is chosen, whichever it is.
  if (!state.chosen.empty()) state.chosen = grid.rows[state.index].id;
}

void Session::move(std::ptrdiff_t rows) {
  if (on_page()) {
    // The frame knows how long the page is, and cuts this.
    scroll_ = rows < 0 && scroll_ < static_cast<std::size_t>(-rows)
                  ? 0
                  : std::min<std::size_t>(scroll_ + static_cast<std::size_t>(rows), 1'000'000);
    return;
  }
  const Grid grid = current_grid();
  PaneState& s = state();
  follow(s, grid);
  if (grid.rows.empty()) return;
  const auto last = static_cast<std::ptrdiff_t>(grid.rows.size()) - 1;
  s.index = static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(s.index) + rows, 0, last));
  s.chosen = grid.rows[s.index].id;
}

void Session::open(Page page) {
  page_ = page_ == page ? Page::none : page;
  scroll_ = 0;
}

/// Goes from the page in front to the one behind it.
void Session::leave() {
  if (page_ != Page::none)
    page_ = Page::none;
  else if (detail_ && shows_events_)
    shows_events_ = false;
  else if (detail_)
    detail_.reset();
  else
    filter_.clear();
  scroll_ = 0;
}

void Session::open_detail() {
  if (on_page()) return;
  const Grid grid = current_grid();
  PaneState& s = state();
  follow(s, grid);
  if (grid.rows.empty() || grid.rows[s.index].topic.empty()) return;
  detail_ = grid.rows[s.index].topic;
  scroll_ = page_skip_ = 0;
  ring_.reset();
  events_.clear();
  shows_events_ = false;
  wants_look_ = !paused_;
}

void Session::sort_beside(std::ptrdiff_t step) {
  const auto columns = static_cast<std::ptrdiff_t>(grid_of(pane_, {}, style_).columns.size());
  PaneState& s = state();
  s.order = {.column =
                 static_cast<std::size_t>((static_cast<std::ptrdiff_t>(s.order.column) + step + columns) % columns)};
}

void Session::apply(Command command) {
  constexpr std::ptrdiff_t all = 1'000'000;
  const auto page = static_cast<std::ptrdiff_t>(std::max<std::size_t>(1, rows_));
  const auto show = [&](std::size_t pane) {
    pane_ = panes[pane % panes.size()];
    page_ = Page::none;
    detail_.reset();
  };
  switch (command.action) {
    case Action::none:
      break;
    case Action::quit:
      quit_ = true;
      break;
    case Action::help:
      open(Page::help);
      break;
    case Action::alerts:
      open(Page::alerts);
      break;
    case Action::events:
      if (page_ != Page::none) break;
      open_detail();
      if (!detail_) break;
      shows_events_ = !shows_events_;
      scroll_ = 0;
      wants_look_ = !paused_;
      break;
    case Action::buses:
      wants_buses_ = true;
      break;
    case Action::back:
      leave();
      break;
    case Action::pause:
      paused_ = !paused_;
      wants_look_ = !paused_;
      break;
    case Action::look:
      wants_look_ = true;
      break;
    case Action::next_pane:
      show(static_cast<std::size_t>(pane_) + 1);
      break;
    case Action::previous_pane:
      show(static_cast<std::size_t>(pane_) + panes.size() - 1);
      break;
    case Action::pane:
      show(command.which);
      break;
    case Action::up:
      move(-1);
      break;
    case Action::down:
      move(1);
      break;
    case Action::page_up:
      move(-page);
      break;
    case Action::page_down:
      move(page);
      break;
    case Action::first:
      move(-all);
      break;
    case Action::last:
      move(all);
      break;
    case Action::left:
      skip() -= skip() > 0 ? 1 : 0;
      break;
    case Action::right:
      // The last column always stays.
      skip() = std::min(skip() + 1, grid_of(detail_ ? Pane::subscribers : pane_, {}, style_).columns.size() - 2);
      break;
    case Action::choose: {
      const Grid grid = current_grid();
      if (command.which >= grid.rows.size()) break;
      const bool again = state().chosen == grid.rows[command.which].id;
      state().index = command.which;
      state().chosen = grid.rows[command.which].id;
      if (again) open_detail();
      break;
    }
    case Action::open:
      open_detail();
      break;
    case Action::sort_left:
      sort_beside(-1);
      break;
    case Action::sort_right:
      sort_beside(1);
      break;
    case Action::sort_by:
      state().order = {.column = command.which,
                       .reversed = state().order.column == command.which && !state().order.reversed};
      break;
    case Action::reverse:
      state().order.reversed = !state().order.reversed;
      break;
    case Action::filter:
      page_ = Page::none;
      detail_.reset();
      typing_ = true;
      break;
    case Action::units:
      style_.units = after(style_.units);
      break;
    case Action::latency:
      style_.whole_latency = !style_.whole_latency;
      break;
    case Action::slower:
      delay_ = std::min(delay_ * 2, 60.0);
      break;
    case Action::faster:
      delay_ = std::max(delay_ / 2, 0.125);
      break;
  }
}

void Session::type(std::string_view character) {
  if (typing_) type_into(filter_, character);
}

void Session::end_typing(bool keep) {
  typing_ = false;
  if (!keep) filter_.clear();
}

}  // namespace shmbus::top
