#include "model/bus_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "model/footer.hpp"
#include "model/header.hpp"
#include "model/table_lines.hpp"
#include "model/typed_text.hpp"
#include "model/units.hpp"
#include "printable_text.hpp"
#include "quantity_text.hpp"
#include "shmbus/error.hpp"
#include "shmbus/inspector.hpp"

namespace shmbus::top {
namespace {

constexpr Order by_name{.column = 0};

Row row_of(const BusEntry& bus) {
  Row row{bus.name, {}, {Cell{bus.name}}};
  if (!bus.problem.empty()) {
    row.cells.insert(row.cells.end(), 4, Cell{"-", 0.0, Tone::quiet});
    row.cells.emplace_back(tool::printable(bus.problem), Tone::bad);
    return row;
  }
  row.cells.emplace_back(std::to_string(bus.topics), static_cast<double>(bus.topics));
  row.cells.emplace_back(std::to_string(bus.nodes), static_cast<double>(bus.nodes),
                         bus.nodes != 0 ? Tone::good : Tone::quiet);
  row.cells.emplace_back(bytes_text(static_cast<double>(bus.memory), Units::binary));
  row.cells.emplace_back(time_text(bus.age));
  row.cells.emplace_back("");
  return row;
}

BusEntry look_at(const std::string& name) {
  BusEntry entry{.name = name};
  try {
    const BusSnapshot bus = Inspector{name}.snapshot();
    entry.topics = bus.topics.size();
    entry.nodes = count_nodes(bus).alive + count_nodes(bus).stopped;
    entry.memory = log_memory(bus);
    entry.age = bus.taken - bus.created;
  } catch (const Error& error) {
    entry.problem = error.what();
  }
  return entry;
}

}  // namespace

std::optional<std::string> only_bus(const std::vector<std::string>& buses) {
  if (buses.empty()) return default_bus;
  return buses.size() == 1 ? std::optional(buses.front()) : std::nullopt;
}

std::vector<BusEntry> find_buses() {
  std::vector<BusEntry> buses;
  for (const std::string& name : Inspector::buses()) buses.push_back(look_at(name));
  return buses;
}

void BusList::see(std::vector<BusEntry> buses) { buses_ = std::move(buses); }

Grid BusList::grid() const {
  Grid grid{{{.heading = "BUS", .is_text = true, .least = 8},
             {.heading = "TOPICS", .rank = 1},
             {.heading = "NODES", .rank = 2},
             {.heading = "MEMORY", .rank = 4},
             {.heading = "UP", .rank = 3},
             {.heading = "", .is_text = true, .least = 8}},
            {}};
  for (const BusEntry& bus : buses_) grid.rows.push_back(row_of(bus));
  filter(grid, filter_);
  return grid;
}

/// The selected bus stays selected when it moves in the list. If it is gone, the bus in its place is selected.
void BusList::follow(const Grid& grid) {
  const auto found =
      std::find_if(grid.rows.begin(), grid.rows.end(), [&](const Row& row) { return row.id == selected_; });
  if (found != grid.rows.end())
    index_ = static_cast<std::size_t>(found - grid.rows.begin());
  else
    index_ = std::min(index_, grid.rows.empty() ? 0 : grid.rows.size() - 1);
  selected_ = grid.rows.empty() ? std::string{} : grid.rows[index_].id;
}

void BusList::move(std::ptrdiff_t rows) {
  const Grid now = grid();
  follow(now);
  if (now.rows.empty()) return;
  const auto last = static_cast<std::ptrdiff_t>(now.rows.size()) - 1;
  index_ = static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(index_) + rows, 0, last));
  selected_ = now.rows[index_].id;
}

void BusList::apply(Command command) {
  constexpr std::ptrdiff_t all = 1'000'000;
  const auto page = static_cast<std::ptrdiff_t>(std::max<std::size_t>(1, rows_));
  switch (command.action) {
    case Action::quit:
      quit_ = true;
      break;
    case Action::back:
      filter_.clear();
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
    case Action::filter:
      typing_ = true;
      break;
    case Action::open:
      follow(grid());
      chosen_ = selected_;
      break;
    case Action::choose: {
      const Grid now = grid();
      if (command.which >= now.rows.size()) break;
      if (selected_ == now.rows[command.which].id) chosen_ = selected_;
      selected_ = now.rows[command.which].id;
      break;
    }
    default:
      break;
  }
}

void BusList::type(std::string_view character) {
  if (typing_) type_into(filter_, character);
}

void BusList::end_typing(bool keep) {
  typing_ = false;
  if (!keep) filter_.clear();
}

Frame BusList::frame(Size size, bool utf8) {
  Frame frame;
  frame.lines.emplace_back().add("shmbus-top  ").add("choose a bus", Tone::strong);
  frame.lines.emplace_back();
  const Grid now = grid();
  follow(now);
  rows_ = size.height > frame.lines.size() + 2 ? size.height - frame.lines.size() - 2 : 1;
  offset_ = std::clamp(offset_, index_ + 1 > rows_ ? index_ + 1 - rows_ : 0, index_);
  const TableLines table{now, by_name, {.width = size.width, .utf8 = utf8}};
  frame.lines.push_back(table.heading());
  for (std::size_t i = offset_; i < std::min(offset_ + rows_, now.rows.size()); ++i) {
    frame.zones.push_back({.line = frame.lines.size(), .from = 0, .to = size.width, .command = {Action::choose, i}});
    Line line = table.row(i);
    if (i == index_) line.ground = Ground::chosen;
    frame.lines.push_back(std::move(line));
  }
  if (now.rows.empty())
    frame.lines.emplace_back().add(
        filter_.empty() ? "no bus; waiting for one" : fmt::format("no bus with '{}'", tool::printable(filter_)),
        Tone::quiet);
  if (size.height == 0) return frame;
  frame.lines.resize(size.height - 1);
  std::erase_if(frame.zones, [&](const Zone& zone) { return zone.line + 1 >= size.height; });
  Footer footer{size.width};
  if (typing_) {
    frame.lines.emplace_back().add("filter: ", Tone::notice).add(tool::printable(filter_) + "_", Tone::strong);
    return frame;
  }
  footer.key(utf8 ? "↑ ↓" : "Up Down", "choose");
  footer.key("Enter", "watch it");
  footer.key("/", filter_.empty() ? "filter" : fmt::format("filter: {}", tool::printable(filter_)));
  footer.key("q", "quit");
  frame.lines.push_back(footer.line());
  return frame;
}

}  // namespace shmbus::top
