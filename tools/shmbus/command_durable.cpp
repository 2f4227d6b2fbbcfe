#include <fmt/format.h>

#include <memory>

#include "durable_json.hpp"
#include "output.hpp"
#include "printable_text.hpp"
#include "shmbus/inspector.hpp"
#include "standard_error.hpp"
#include "table.hpp"
#include "verb.hpp"

namespace shmbus::tool {
namespace {

std::string holder_text(const DurableSnapshot& d) {
  if (!d.held) return "none";
  if (d.pid == 0) return "a process";
  return fmt::format("{} (pid {}{})", printable(d.program), d.pid, d.state == NodeState::stopped ? ", stopped" : "");
}

int run(const std::string& bus, bool json) {
  const std::vector<DurableSnapshot> durables = Inspector{bus}.durables();
  Output out;
  Table table({{"NAME", Table::Align::left, 0, 12},
               {"PATTERN", Table::Align::left, 2, 12},
               {"HOLDER", Table::Align::left, 0, 16},
               {"STANDBY", Table::Align::right, 3},
               {"TOPIC", Table::Align::left, 0, 12},
               {"ACKNOWLEDGED", Table::Align::right, 1},
               {"BEHIND"},
               {"DROPPED"}});
  int status = 0;
  for (const DurableSnapshot& d : durables) {
    if (json) out.text() += durable_json(d).dump() + '\n';
    std::vector<std::string> row{d.name, printable(d.pattern), holder_text(d), std::to_string(d.standing_by)};
    for (const DurableTopicSnapshot& t : d.topics) {
      std::vector<std::string> line = row;
      for (std::string cell :
           {t.topic, std::to_string(t.acknowledged), std::to_string(t.behind), std::to_string(t.dropped)})
        line.push_back(std::move(cell));
      table.add(std::move(line));
      if (!t.problem.empty()) complain(t.problem), status = 1;
    }
    if (!d.problem.empty()) complain(d.problem), status = 1;
    if (d.topics.empty()) {
      row.insert(row.end(), {"", "", "0", "0"});
      table.add(std::move(row));
    }
  }
  if (!json) out.text() = table.text(out.columns());
  if (durables.empty()) hint("no durable subscriptions");
  out.flush();
  return status;
}

}  // namespace

void add_durable(CommandLine& line, const ChosenBus& bus) {
  const auto json = std::make_shared<bool>(false);
  line.verb("durable", "List durable subscriptions: who holds each, and how far it has come")
      .flag("-j,--json", *json, "One JSON object per line and name")
      .explain(
          R"(One line for each name and topic that its pattern matches. ACKNOWLEDGED is the sequence of the last event that
was acknowledged, BEHIND how many were published since, and DROPPED how many of those have left the ring: whoever
opens the name next counts them as lost. HOLDER is the process that reads under this name now; STANDBY is how
many others wait to take over. A name exists until shmbus forget.

Examples:
  shmbus durable
  shmbus durable --json | jq 'select(.held | not).durable')")
      .action([json, &bus] { return run(bus.name, *json); });
}

}  // namespace shmbus::tool
