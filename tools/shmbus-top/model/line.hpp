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
  bool reversed = false;  ///< light on dark the other way round
};

/// What a line stands out as, to the end of the screen.
enum class Ground : std::uint8_t {
  plain,
  heading,  ///< a table's headings: underlined
  chosen,   ///< the row that is chosen: light on dark the other way round
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

/// Columns of a terminal that a text takes, as the locale has it; what the locale can't show counts one a byte.
std::size_t width_of(std::string_view text);

/// The text in exactly so many columns: cut, with '~' as its last, or filled with spaces.
std::string fit(std::string_view text, std::size_t width, bool to_the_right = false);

}  // namespace shmbus::top
