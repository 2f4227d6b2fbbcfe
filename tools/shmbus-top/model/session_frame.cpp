#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "model/footer.hpp"
#include "model/header.hpp"
#include "model/pages.hpp"
#include "model/row_id.hpp"
#include "model/session.hpp"
#include "printable_text.hpp"
#include "quantity_text.hpp"

// How a session is drawn.
namespace shmbus::top {
namespace {

std::size_t entries(Pane pane, const ComparedSnapshot& look) {
  const BusSnapshot& bus = look.bus;
  std::size_t publishers = 0, subscribers = 0, journals = 0;
  for (const TopicSnapshot& topic : bus.topics) {
    publishers += topic.publishers.size();
    subscribers += topic.subscribers.size();
    journals += topic.journal ? 1 : 0;
  }
  switch (pane) {
    case Pane::topics:
      return bus.topics.size() + bus.unfinished.size();
    case Pane::subscribers:
      return subscribers;
    case Pane::publishers:
      return publishers;
    case Pane::nodes:
      return bus.nodes.size();
    case Pane::journals:
      return journals;
    case Pane::durables:
      return look.durables.size();
    case Pane::groups:
      break;
  }
  return look.groups.size();
}

/// The names of the panes, each with its key and how many rows it has. On a narrow screen names are brief, and then those
/// that are not shown have no number.
std::vector<std::string> pane_names(Pane shown, const std::optional<ComparedSnapshot>& look, std::size_t width) {
  std::vector<std::string> names;
  for (int cuts = 0; cuts < 3; ++cuts) {
    names.clear();
    std::size_t sum = 0;
    for (std::size_t i = 0; i < panes.size(); ++i) {
      const Pane pane = panes[i];
      const char* const name = cuts == 0 ? to_string(pane) : brief_name(pane);
      names.push_back(cuts == 2 && pane != shown
                          ? fmt::format(" {} {} ", i + 1, name)
                          : fmt::format(" {} {} {} ", i + 1, name, look ? entries(pane, *look) : 0));
      sum += names.back().size();
    }
    if (sum <= width) break;
  }
  return names;
}

}  // namespace

void Session::show_bars(Frame& frame, Size size) const {
  const auto delay = std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(delay_));
  if (look_) {
    frame.lines = header_lines(*look_, style_);
  } else {
    frame.lines.resize(3);
    frame.lines[0].add("shmbus-top  bus ").add(bus_, Tone::strong);
  }
  frame.lines[0].add(fmt::format("  every {}", time_text(delay)), Tone::quiet);
  if (paused_) frame.lines[0].add("  ").add(" PAUSED ", Tone::notice, true);
  if (!problem_.empty())
    frame.lines.emplace_back().add(tool::printable(problem_), Tone::bad);
  else
    frame.lines.push_back(alert_line(alerts_, size.width));
  const std::size_t line_number = frame.lines.size();
  Line& line = frame.lines.emplace_back();
  std::size_t column = 0;
  std::string words;
  if (!filter_.empty() && !typing_) words = fmt::format("  filter: {}", tool::printable(filter_));
  std::vector<std::string> names = pane_names(pane_, look_, size.width - std::min(size.width, width_of(words)));
  for (std::size_t i = 0; i < panes.size(); ++i) {
    std::string& name = names[i];
    const std::size_t width = name.size();
    frame.zones.push_back({.line = line_number, .from = column, .to = column + width, .command = {Action::pane, i}});
    const bool shown = panes[i] == pane_;
    line.add(std::move(name), shown ? Tone::strong : Tone::quiet, shown);
    column += width;
  }
  if (!words.empty()) line.add(std::move(words), Tone::notice);
}

void Session::show_table(Frame& frame, Size size, bool utf8) {
  Grid grid = current_grid();
  PaneState& s = state();
  follow(s, grid);
  const std::size_t room = size.height > frame.lines.size() + 2 ? size.height - frame.lines.size() - 2 : 1;
  rows_ = room;
  if (s.index < s.offset) s.offset = s.index;
  if (s.index >= s.offset + room) s.offset = s.index + 1 - room;
  s.offset = std::min(s.offset, grid.rows.size() > room ? grid.rows.size() - room : 0);
  const std::size_t end = std::min(s.offset + room, grid.rows.size());
  add_trend(grid, s.offset, end);
  const std::array<std::size_t, 4> layout{size.width, s.skip, s.order.column, static_cast<std::size_t>(style_.units)};
  if (std::exchange(s.layout, layout) != layout) s.widest.clear();
  const TableLines table{grid, s.order, {.width = size.width, .skip = s.skip, .utf8 = utf8}, &s.widest};
  hidden_ = table.hidden();
  for (const Place& place : table.places()) {
    if (grid.columns[place.column].is_trend) continue;
    frame.zones.push_back({.line = frame.lines.size(),
                           .from = place.from,
                           .to = place.from + place.width,
                           .command = {Action::sort_by, place.column}});
  }
  frame.lines.push_back(table.heading());
  for (std::size_t i = s.offset; i < end; ++i) {
    frame.zones.push_back({.line = frame.lines.size(), .from = 0, .to = size.width, .command = {Action::choose, i}});
    Line line = table.row(i);
    if (i == s.index) line.ground = Ground::chosen;
    frame.lines.push_back(std::move(line));
  }
  if (grid.rows.empty())
    frame.lines.emplace_back().add(filter_.empty() ? fmt::format("no {}", to_string(pane_))
                                                   : fmt::format("no {} with '{}'", to_string(pane_), filter_),
                                   Tone::quiet);
}

/// Adds the last column: the rates of the visible rows over the last snapshots.
void Session::add_trend(Grid& grid, std::size_t begin, std::size_t end) const {
  constexpr Rank rank = 5;
  constexpr std::size_t looks = 60;
  grid.columns.push_back({.heading = "TREND", .rank = rank, .is_trend = true});
  for (Row& row : grid.rows) row.cells.emplace_back("");
  for (std::size_t i = begin; i < end; ++i) grid.rows[i].trend = history_.last(grid.rows[i].id, looks);
}

void Session::show_page(Frame& frame, Size size, std::vector<Line> page) {
  const std::size_t room = size.height > frame.lines.size() + 1 ? size.height - frame.lines.size() - 1 : 1;
  rows_ = room;
  page_lines_ = page.size();
  scroll_ = std::min(scroll_, page.size() > room ? page.size() - room : 0);
  for (std::size_t i = scroll_; i < std::min(scroll_ + room, page.size()); ++i)
    frame.lines.push_back(std::move(page[i]));
}

std::vector<Line> Session::page_of(Size size, bool utf8) const {
  if (page_ == Page::help) return help_page();
  if (page_ == Page::alerts) return alerts_page(alerts_);
  if (!look_ || !detail_) return {};
  if (shows_events_) return events_page(*look_, *detail_, events_, size.width);
  std::vector<double> rates;
  for (const TopicSnapshot& topic : look_->bus.topics) {
    if (topic.info.name == *detail_) rates = history_.last(row_id(topic));
  }
  return detail_page(*look_, *detail_, ring_ ? &*ring_ : nullptr, rates,
                     {.style = style_, .width = size.width, .skip = page_skip_, .utf8 = utf8});
}

Line Session::footer(Size size, bool utf8) const {
  if (typing_) {
    Line line;
    line.add("filter: ", Tone::notice).add(tool::printable(filter_), Tone::strong).add("_", Tone::strong);
    return line;
  }
  Footer footer{size.width};
  footer.key("?", page_ == Page::help ? "back" : "help");
  footer.key("q", on_page() ? "back" : "quit");
  if (on_page()) {
    if (page_lines_ > rows_)
      footer.key(
          utf8 ? "↑ ↓" : "Up Down",
          fmt::format("scroll, lines {}-{} of {}", scroll_ + 1, std::min(scroll_ + rows_, page_lines_), page_lines_),
          Tone::notice);
    if (detail_ && page_ == Page::none) footer.key("e", shows_events_ ? "detail" : "last events");
  } else {
    footer.key("Enter", "detail");
    if (hidden_ != 0) footer.key(utf8 ? "← →" : "Left Right", tool::counted(hidden_, "more column"));
    footer.key("e", "events");
    footer.key("/", "filter");
    footer.key("< >", "sort");
    footer.key("Tab", "pane");
  }
  footer.key("p", paused_ ? "go on" : "pause");
  footer.key("u", to_string(style_.units));
  footer.key("l", style_.whole_latency ? "whole" : "recent");
  footer.key("a", "alerts");
  footer.key("b", "buses");
  return footer.line();
}

Frame Session::frame(Size size, bool utf8) {
  Frame frame;
  if (page_ == Page::help)
    frame.lines.emplace_back().add("shmbus-top " SHMBUS_VERSION, Tone::strong);
  else
    show_bars(frame, size);
  if (on_page())
    show_page(frame, size, page_of(size, utf8));
  else
    show_table(frame, size, utf8);
  if (size.height > 0) {
    frame.lines.resize(size.height - 1);
    frame.lines.push_back(footer(size, utf8));
    std::erase_if(frame.zones, [&](const Zone& zone) { return zone.line + 1 >= size.height; });
  }
  return frame;
}

}  // namespace shmbus::top
