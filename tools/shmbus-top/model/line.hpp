#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/grid.hpp"

namespace shmbus::top {

struct Span {
  std::string text;
  Tone tone = Tone::plain;
  bool reversed = false;  ///< foreground and background exchanged
};

/// How a line is marked, to the end of the screen.
enum class Ground : std::uint8_t {
  plain,
  heading,  ///< a table's headings: underlined
  chosen,   ///< the chosen row: foreground and background exchanged
};

/// One line of a screen.
struct Line {
  std::vector<Span> spans;
  Ground ground = Ground::plain;

  Line& add(std::string text, Tone tone = Tone::plain, bool span_reversed = false) {
    spans.push_back({std::move(text), tone, span_reversed});
    return *this;
  }
};

std::string text_of(const Line& line);

/// How many columns of a terminal a text takes in the locale. Bytes that the locale can't show count as one column each.
std::size_t width_of(std::string_view text);

/// The text in exactly `width` columns: cut, with '~' at the end, or filled with spaces.
std::string fit(std::string_view text, std::size_t width, bool to_the_right = false);

}  // namespace shmbus::top
