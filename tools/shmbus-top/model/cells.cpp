#include <fmt/format.h>

#include "model/pane_grids.hpp"
#include "port_text.hpp"
#include "printable_text.hpp"

namespace shmbus::top {

Cell count_cell(std::uint64_t count, Tone tone) {
  return {std::to_string(count), static_cast<double>(count), count == 0 ? Tone::quiet : tone};
}

Cell rate_cell(const ComparedSnapshot& look, double rate, Units units, Tone tone) {
  if (!look.compared) return {"-", 0.0, Tone::quiet};
  return {rate_text(rate, units), rate, rate == 0 ? Tone::quiet : tone};
}

Cell bytes_cell(double bytes, Units units) {
  return {bytes_text(bytes, units), bytes, bytes == 0 ? Tone::quiet : Tone::plain};
}

Cell process_cell(const tool::Bridges& bridges, std::uint64_t node, const std::string& name, const std::string& program) {
  if (const auto bridge = bridges.name_of(node)) return {tool::bridge_text(*bridge), tool::printable("bridge " + *bridge)};
  return {tool::process_text(name, program), tool::printable(name.empty() ? program : name)};
}

Cell pid_cell(std::int32_t pid) { return {std::to_string(pid), static_cast<double>(pid)}; }

Tone tone_of(NodeState state) {
  return state == NodeState::alive ? Tone::good : state == NodeState::stopped ? Tone::notice : Tone::bad;
}

}  // namespace shmbus::top
