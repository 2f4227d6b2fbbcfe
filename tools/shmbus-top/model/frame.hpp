#pragma once

#include <vector>

#include "model/command.hpp"
#include "model/line.hpp"

namespace shmbus::top {

struct Size {
  std::size_t height = 24, width = 80;
};

/// An area of the screen, and the command of a click there.
struct Zone {
  std::size_t line = 0, from = 0, to = 0;
  Command command;
};

/// The content of the screen: its lines from the top, and where to click.
struct Frame {
  std::vector<Line> lines;
  std::vector<Zone> zones;

  /// The command of a click; nothing if there is none.
  Command at(std::size_t line, std::size_t column) const {
    for (const Zone& zone : zones) {
      if (zone.line == line && zone.from <= column && column < zone.to) return zone.command;
    }
    return {};
  }
};

}  // namespace shmbus::top
