#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace shmbus::top {

/// The meaning of a text; a terminal has a colour for each.
enum class Tone : std::uint8_t {
  plain,
  strong,
  quiet,   ///< not important: zeros, idle rows
  good,    ///< it works
  notice,  ///< something may be wrong: stopped, lapped, a second behind
  bad,     ///< something is wrong: losing events, gating, dead, unreadable
};

/// A narrow screen leaves out the highest ranks first, and never rank 0.
using Rank = unsigned;

struct Column {
  std::string heading;
  bool is_text = false;   ///< to the left, and sorted from A; numbers to the right, from the largest
  Rank rank = 0;          ///< of the column: the rank at which it is hidden
  Rank brief_rank = 0;    ///< of its full texts: the rank at which cells show their brief texts instead
  std::size_t least = 0;  ///< characters it may be cut to after all ranks are left out; 0: never cut
  bool is_trend = false;  ///< shows each row's trend, in whatever room is left
};

struct Cell {
  Cell(std::string cell_text, Tone cell_tone = Tone::plain) : text(std::move(cell_text)), tone(cell_tone) {}
  Cell(std::string cell_text, double cell_value, Tone cell_tone = Tone::plain)
      : text(std::move(cell_text)), value(cell_value), tone(cell_tone) {}
  Cell(std::string cell_text, std::string brief_text)
      : text(std::move(cell_text)), brief(std::move(brief_text)), tone(Tone::plain) {}

  std::string text;
  std::string brief{};  ///< for a narrow screen; empty: none
  double value = 0;     ///< what a number is sorted by
  Tone tone;
};

struct Row {
  std::string id;     ///< the same in the next snapshot
  std::string topic;  ///< the topic whose detail it opens; empty: none
  std::vector<Cell> cells;
  std::vector<double> trend{};  ///< of the last snapshots, the newest last; see History
};

/// A pane's table.
struct Grid {
  std::vector<Column> columns;
  std::vector<Row> rows;
};

struct Order {
  std::size_t column = 0;
  bool reversed = false;
};

void sort(Grid& grid, Order order);

/// Keeps the rows that hold each of the filter's words in some cell, in upper or lower case.
void filter(Grid& grid, std::string_view words);

/// Keeps the rows of one topic.
void keep_topic(Grid& grid, std::string_view topic);

/// The column of a heading, in upper or lower case.
std::optional<std::size_t> find_column(const Grid& grid, std::string_view heading);

}  // namespace shmbus::top
