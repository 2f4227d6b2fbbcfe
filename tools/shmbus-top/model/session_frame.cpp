#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "model/header.hpp"
#include "model/pages.hpp"
#include "model/session.hpp"
#include "model/table_lines.hpp"
#include "printable_text.hpp"

// What a session looks like.
namespace shmbus::top {
namespace {

constexpr std::size_t bars = 4;  // lines above the table: the header, and the names of the panes

std::size_t entries(Pane pane, const BusSnapshot& bus) {
  std::size_t publishers = 0, subscribers = 0;
  for (const TopicSnapshot& topic : bus.topics) {
    publishers += topic.publishers.size();
    subscribers += topic.subscribers.size();
  }
  switch (pane) {
    case Pane::topics:
      return bus.topics.size() + bus.unfinished.size();
    case Pane::subscribers:
      return subscribers;
    case Pane::publishers:
      return publishers;
    case Pane::nodes:
      break;
  }
  return bus.nodes.size();
}

}  // namespace

void Session::show_bars(Frame& frame) const {
  const auto delay = std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(delay_));
  if (look_) {
    frame.lines = header_lines(*look_, style_);
  } else {
    frame.lines.resize(3);
    frame.lines[0].add("shmbus-top  bus ").add(bus_, Tone::strong);
  }
  frame.lines[0].add(fmt::format("  every {}", time_text(delay)), Tone::quiet);
  if (paused_) frame.lines[0].add("  ").add(" PAUSED ", Tone::notice, true);
  if (!problem_.empty()) {
    frame.lines[1] = {};
    frame.lines[1].add(tool::printable(problem_), Tone::bad);
  }
  Line& line = frame.lines.emplace_back();
  std::size_t column = 0;
  for (std::size_t i = 0; i < panes.size(); ++i) {
    std::string name = fmt::format(" {} {} {} ", i + 1, to_string(panes[i]), look_ ? entries(panes[i], look_->bus) : 0);
    const std::size_t width = name.size();
    frame.zones.push_back({.line = 3, .from = column, .to = column + width, .command = {Action::pane, i}});
    const bool shown = panes[i] == pane_;
    line.add(std::move(name), shown ? Tone::strong : Tone::quiet, shown);
    column += width;
  }
  if (!filter_.empty() && !typing_) line.add(fmt::format("  filter: {}", tool::printable(filter_)), Tone::notice);
}

void Session::show_table(Frame& frame, Size size) {
  const Grid grid = current_grid();
  PaneState& s = state();
  follow(s, grid);
  const std::size_t room = size.height > bars + 2 ? size.height - bars - 2 : 1;
  rows_ = room;
  if (s.index < s.offset) s.offset = s.index;
  if (s.index >= s.offset + room) s.offset = s.index + 1 - room;
  s.offset = std::min(s.offset, grid.rows.size() > room ? grid.rows.size() - room : 0);
  const TableLines table{grid, s.order, size.width, s.skip};
  for (const Place& place : table.places())
    frame.zones.push_back({.line = frame.lines.size(),
                           .from = place.from,
                           .to = place.from + place.width,
                           .command = {Action::sort_by, place.column}});
  frame.lines.push_back(table.heading());
  for (std::size_t i = s.offset; i < std::min(s.offset + room, grid.rows.size()); ++i) {
    frame.zones.push_back({.line = frame.lines.size(), .from = 0, .to = size.width, .command = {Action::choose, i}});
    Line line = table.row(i);
    line.reversed = i == s.index;
    frame.lines.push_back(std::move(line));
  }
  if (grid.rows.empty())
    frame.lines.emplace_back().add(filter_.empty() ? fmt::format("no {}", to_string(pane_))
                                                   : fmt::format("no {} with '{}'", to_string(pane_), filter_),
                                   Tone::quiet);
}

void Session::show_page(Frame& frame, Size size, std::vector<Line> page) {
  const std::size_t room = size.height > frame.lines.size() + 1 ? size.height - frame.lines.size() - 1 : 1;
  rows_ = room;
  scroll_ = std::min(scroll_, page.size() > room ? page.size() - room : 0);
  for (std::size_t i = scroll_; i < std::min(scroll_ + room, page.size()); ++i)
    frame.lines.push_back(std::move(page[i]));
}

Line Session::footer() const {
  Line line;
  if (typing_) {
    line.add("filter: ", Tone::notice).add(tool::printable(filter_), Tone::strong).add("_", Tone::strong);
    return line;
  }
  const auto key = [&](std::string_view name, std::string_view text) {
    line.add(std::string{name}, Tone::strong).add(fmt::format(" {}  ", text), Tone::quiet);
  };
  key("?", "help");
  key("q", help_ || detail_ ? "back" : "quit");
  if (!help_ && !detail_) {
    key("Tab", "pane");
    key("Enter", "detail");
    key("/", "filter");
    key("< >", "sort");
  }
  key("p", paused_ ? "go on" : "pause");
  key("u", to_string(style_.units));
  key("l", style_.whole_latency ? "whole" : "recent");
  return line;
}

Frame Session::frame(Size size, bool utf8) {
  Frame frame;
  if (help_) {
    frame.lines.emplace_back().add("shmbus-top " SHMBUS_VERSION, Tone::strong);
    show_page(frame, size, help_page());
  } else {
    show_bars(frame);
    if (!detail_) {
      show_table(frame, size);
    } else if (look_) {
      std::span<const double> rates;
      for (const TopicSnapshot& topic : look_->bus.topics) {
        if (topic.info.name == *detail_) rates = history_.of(topic.info.id);
      }
      show_page(frame, size,
                detail_page(*look_, *detail_, ring_ ? &*ring_ : nullptr, rates,
                            {.style = style_, .width = size.width, .skip = page_skip_, .utf8 = utf8}));
    }
  }
  if (size.height > 0) {
    frame.lines.resize(size.height - 1);
    frame.lines.push_back(footer());
    std::erase_if(frame.zones, [&](const Zone& zone) { return zone.line + 1 >= size.height; });
  }
  return frame;
}

}  // namespace shmbus::top
