#pragma once

#include <vector>

#include "model/command.hpp"
#include "model/line.hpp"

namespace shmbus::top {

struct Size {
  std::size_t height = 24, width = 80;
};

/// What a click there means.
struct Zone {
  std::size_t line = 0, from = 0, to = 0;
  Command command;
};

/// A screen full: its lines from the top, and where to click.
struct Frame {
  std::vector<Line> lines;
  std::vector<Zone> zones;

  /// What a click means; nothing where it means nothing.
  Command at(std::size_t line, std::size_t column) const {
    for (const Zone& zone : zones) {
      if (zone.line == line && zone.from <= column && column < zone.to) return zone.command;
    }
    return {};
  }
};

}  // namespace shmbus::top
