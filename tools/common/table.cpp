#include "table.hpp"

#include <algorithm>
#include <utility>

namespace shmbus::tool {

namespace {

/// In UTF-8 bytes 10xxxxxx continue a character.
bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

std::size_t characters(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

}  // namespace

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

void Table::add(std::vector<std::string> row) {
  row.resize(columns_.size());
  rows_.push_back(std::move(row));
}

std::vector<Table::Shown> Table::fit(std::size_t width) const {
  std::vector<Shown> shown;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    shown.push_back({c, characters(columns_[c].heading)});
    for (const auto& row : rows_) shown[c].width = std::max(shown[c].width, characters(row[c]));
  }
  if (width == 0) return shown;
  // The smallest width to which a column may be shortened.
  const auto least = [&](const Shown& s) {
    const Column& column = columns_[s.column];
    return column.least == 0 ? s.width : std::min(s.width, std::max(column.least, characters(column.heading)));
  };
  const auto total = [&](const auto& width_of) {
    std::size_t sum = 2 * (shown.size() - 1);
    for (const Shown& s : shown) sum += width_of(s);
    return sum;
  };
  while (shown.size() > 1 && total(least) > width) {
    const auto out = std::max_element(shown.begin(), shown.end(), [&](const Shown& a, const Shown& b) {
      return columns_[a.column].rank < columns_[b.column].rank;
    });
    if (columns_[out->column].rank == 0) break;
    shown.erase(out);
  }
  // Of the columns that may be shortened, the widest is shortened first.
  const auto room = [&](const Shown& s) { return s.width - least(s); };
  while (total([](const Shown& s) { return s.width; }) > width) {
    Shown* widest = nullptr;
    for (Shown& s : shown) {
      if (room(s) > 0 && (widest == nullptr || s.width > widest->width)) widest = &s;
    }
    if (widest == nullptr) break;
    --widest->width;
  }
  return shown;
}

std::string Table::text(std::size_t width) const {
  if (rows_.empty()) return {};
  const std::vector<Shown> shown = fit(width);
  std::string text;
  const auto append = [&](const auto& cell) {
    std::string line;
    for (const Shown& s : shown) {
      const std::string value = shorten(cell(s.column), s.width);
      const std::string pad(s.width - std::min(s.width, characters(value)), ' ');
      if (!line.empty() || s.column != shown.front().column) line += "  ";
      line += columns_[s.column].align == Align::left ? value + pad : pad + value;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  };
  append([&](std::size_t c) -> const std::string& { return columns_[c].heading; });
  for (const auto& row : rows_) append([&](std::size_t c) -> const std::string& { return row[c]; });
  return text;
}

std::string shorten(const std::string& text, std::size_t width) {
  const std::size_t size = characters(text);
  if (size <= width) return text;
  if (width == 0) return {};
  // Keeps equal parts of begin and end, or one character more of the begin.
  const std::size_t front = width / 2, back = width - front - 1;
  std::string short_text;
  std::size_t at = 0;  // counts the characters that began
  bool marked = false;
  for (const char c : text) {
    at += begins_character(c) ? 1 : 0;
    if (at <= front || at > size - back) {
      short_text += c;
    } else if (!marked) {
      short_text += '~';
      marked = true;
    }
  }
  return short_text;
}

}  // namespace shmbus::tool
