#pragma once

#include "bridge.hpp"
#include "model/pane.hpp"

namespace shmbus::top {

Grid topics_grid(const ComparedSnapshot& look, const Style& style);
Grid subscribers_grid(const ComparedSnapshot& look, const Style& style);
Grid publishers_grid(const ComparedSnapshot& look, const Style& style);
Grid nodes_grid(const ComparedSnapshot& look);
Grid journals_grid(const ComparedSnapshot& look, const Style& style);
Grid durables_grid(const ComparedSnapshot& look, const Style& style);
Grid groups_grid(const ComparedSnapshot& look, const Style& style);

// Cells that several panes have.
Cell count_cell(std::uint64_t count, Tone tone = Tone::plain);  ///< zeros are quiet
Cell rate_cell(const ComparedSnapshot& look, double rate, Units units, Tone tone = Tone::plain);
Cell bytes_cell(double bytes, Units units);
Cell process_cell(const tool::Bridges& bridges, std::uint64_t node, const std::string& name, const std::string& program);
Cell pid_cell(std::int32_t pid);
Tone tone_of(NodeState state);

}  // namespace shmbus::top
