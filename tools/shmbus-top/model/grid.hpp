#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shmbus::top {

/// What a text is meant to say; a terminal has a colour for each.
enum class Tone : std::uint8_t {
  plain,
  strong,
  quiet,   ///< nothing to see: zeros, the idle
  good,    ///< it runs
  notice,  ///< look at it: lagging, stopped, waiting
  bad,     ///< lost, gating, dead, unreadable
};

struct Column {
  std::string heading;
  bool is_text = false;   ///< to the left, and sorted from A; numbers to the right, from the largest
  std::size_t least = 0;  ///< characters it may be cut to where the screen is narrow; 0: never cut
};

struct Cell {
  Cell(std::string cell_text, Tone cell_tone = Tone::plain) : text(std::move(cell_text)), tone(cell_tone) {}
  Cell(std::string cell_text, double cell_value, Tone cell_tone = Tone::plain)
      : text(std::move(cell_text)), value(cell_value), tone(cell_tone) {}

  std::string text;
  double value = 0;  ///< what a number is sorted by
  Tone tone;
};

struct Row {
  std::string id;     ///< the same at the next look
  std::string topic;  ///< whose detail it leads to; empty: none
  std::vector<Cell> cells;
};

/// A pane's table.
struct Grid {
  std::vector<Column> columns;
  std::vector<Row> rows;
  std::size_t essential = 0;  ///< columns from the left that a narrow screen cuts names for, to show them all
};

struct Order {
  std::size_t column = 0;
  bool reversed = false;
};

void sort(Grid& grid, Order order);

/// Keeps the rows that hold each of the filter's words in some cell, in capitals or not.
void filter(Grid& grid, std::string_view words);

/// Keeps the rows of one topic.
void keep_topic(Grid& grid, std::string_view topic);

/// The column of that heading, in capitals or not.
std::optional<std::size_t> find_column(const Grid& grid, std::string_view heading);

}  // namespace shmbus::top
