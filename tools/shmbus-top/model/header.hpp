#pragma once

#include <vector>

#include "model/line.hpp"
#include "model/pane.hpp"

namespace shmbus::top {

/// The bus in three lines: its name and age; its rates; memory and nodes.
std::vector<Line> header_lines(const ComparedSnapshot& look, const Style& style);

/// Bytes of /dev/shm behind all logs of the bus.
std::uint64_t log_memory(const BusSnapshot& bus);

struct NodeCounts {
  unsigned alive = 0, stopped = 0, dead = 0;  ///< each node is one of them
};
NodeCounts count_nodes(const BusSnapshot& bus);

}  // namespace shmbus::top
