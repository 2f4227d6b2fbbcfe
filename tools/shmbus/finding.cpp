#include "finding.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "printable_text.hpp"
#include "quantity_text.hpp"

namespace shmbus::tool {

std::string leftover_text(const Leftover& l) {
  const std::string who =
      l.pid != 0 ? fmt::format("{} (pid {})", printable(l.program), l.pid) : fmt::format("node {}", l.node);
  switch (l.kind) {
    case Leftover::Kind::node:
      return fmt::format("the node of {}", who);
    case Leftover::Kind::publisher:
      return fmt::format("publisher port {} of topic {}, of {}", l.port, l.name, who);
    case Leftover::Kind::subscriber:
      return fmt::format("subscriber port {} of topic {}, of {}", l.port, l.name, who);
    case Leftover::Kind::subscription:
      return fmt::format("the subscription to {} of {}", printable(l.name), who);
    case Leftover::Kind::topic:
      return fmt::format("the announcement of topic {}, which {} did not finish", l.name.empty() ? "?" : l.name, who);
    case Leftover::Kind::removal:
      return fmt::format("{} ({}), left by an unfinished removal", printable(l.name), byte_count(l.memory));
    case Leftover::Kind::log:
      return fmt::format("{} ({}), a log without a topic", printable(l.name), byte_count(l.memory));
    case Leftover::Kind::earlier_topic:
      return fmt::format("{} ({}), of an earlier bus of this name", printable(l.name), byte_count(l.memory));
    case Leftover::Kind::recorder:
      return fmt::format("{} ({}), a flight recorder that is not kept any more", printable(l.name), byte_count(l.memory));
    case Leftover::Kind::cursor:
      return fmt::format("{} ({}), of a durable subscription, for a topic or bus that is gone", printable(l.name),
                         byte_count(l.memory));
    case Leftover::Kind::group:
      return fmt::format("{} ({}), a group of a topic that is gone", printable(l.name), byte_count(l.memory));
    case Leftover::Kind::unknown_kind:
      return fmt::format("{} ({}), a segment of a kind that a newer shmbus made", printable(l.name),
                         byte_count(l.memory));
    case Leftover::Kind::stray:
      break;
  }
  return fmt::format("{} ({}), which is not a segment of this bus", printable(l.name), byte_count(l.memory));
}

std::string finding_text(const Finding& f) {
  // An error of a bus already names the bus.
  const std::string bus = f.bus.empty() ? "" : fmt::format("bus '{}'", f.bus);
  const std::string prefix = bus.empty() || f.text.starts_with(bus) ? "" : bus + ": ";
  std::string text =
      fmt::format("{}: {}{}\n", f.kind == Finding::Kind::fault ? "fault" : "note", prefix, printable(f.text));
  if (!f.remedy.empty()) text += fmt::format("  {}\n", printable(f.remedy));
  if (!f.command.empty()) text += fmt::format("  $ {}\n", printable(f.command));
  return text;
}

std::string finding_json(const Finding& f) {
  nlohmann::ordered_json object;
  object["kind"] = f.kind == Finding::Kind::fault ? "fault" : "note";
  object["bus"] = nullptr;
  if (!f.bus.empty()) object["bus"] = printable(f.bus);
  object["finding"] = printable(f.text);
  object["remedy"] = printable(f.remedy);
  object["command"] = nullptr;
  if (!f.command.empty()) object["command"] = printable(f.command);
  return object.dump() + '\n';
}

}  // namespace shmbus::tool
