#include "model/header.hpp"

#include <fmt/format.h>

#include "quantity_text.hpp"
#include "time_text.hpp"

namespace shmbus::top {
namespace {

/// "14:03:22 UTC".
std::string clock_text(Time time) { return tool::rfc3339(time).substr(11, 8) + " UTC"; }

}  // namespace

std::uint64_t log_memory(const BusSnapshot& bus) {
  std::uint64_t bytes = 0;
  for (const TopicSnapshot& topic : bus.topics) bytes += topic.memory;
  return bytes;
}

NodeCounts count_nodes(const BusSnapshot& bus) {
  NodeCounts counts;
  for (const NodeSnapshot& node : bus.nodes) {
    ++(node.state == NodeState::alive ? counts.alive : node.state == NodeState::stopped ? counts.stopped : counts.dead);
  }
  return counts;
}

std::vector<Line> header_lines(const ComparedSnapshot& look, const Style& style) {
  const BusSnapshot& bus = look.bus;
  const auto rate = [&](double value) { return look.compared ? rate_text(value, style.units) : "-"; };
  const auto bytes = [&](std::uint64_t value) { return bytes_text(static_cast<double>(value), style.units); };
  std::vector<Line> lines(3);
  lines[0].add("shmbus-top  bus ").add(bus.name, Tone::strong);
  lines[0].add(fmt::format("  up {}  {}", time_text(bus.taken - bus.created), clock_text(bus.taken)));

  lines[1].add("events/s ").add(rate(look.total.published), Tone::strong);
  lines[1].add("  bytes/s ").add(look.compared ? bytes_text(look.total.bytes, style.units) : "-", Tone::strong);
  lines[1].add("  delivered/s ").add(rate(look.total.delivered), Tone::strong);
  lines[1].add("  lost/s ").add(rate(look.total.lost), look.total.lost > 0 ? Tone::bad : Tone::quiet);

  const NodeCounts nodes = count_nodes(bus);
  if (bus.shm_size == 0) {
    lines[2].add("/dev/shm without limit");
  } else {
    const bool is_short = bus.shm_free < bus.shm_size / 10;
    lines[2].add("/dev/shm used ").add(bytes(bus.shm_size - bus.shm_free), Tone::strong);
    lines[2].add(" free ").add(bytes(bus.shm_free), is_short ? Tone::bad : Tone::strong);
  }
  lines[2].add(fmt::format(" logs {}  nodes ", bytes(log_memory(bus))));
  lines[2].add(fmt::format("{} alive", nodes.alive), Tone::good);
  if (nodes.stopped != 0) lines[2].add(" ").add(fmt::format("{} stopped", nodes.stopped), Tone::notice);
  lines[2].add(" ").add(fmt::format("{} dead", nodes.dead), nodes.dead != 0 ? Tone::bad : Tone::quiet);
  return lines;
}

}  // namespace shmbus::top
