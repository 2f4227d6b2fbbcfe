#include <fmt/format.h>

#include <memory>

#include "group_json.hpp"
#include "group_text.hpp"
#include "output.hpp"
#include "quantity_text.hpp"
#include "shmbus/inspector.hpp"
#include "standard_error.hpp"
#include "table.hpp"
#include "verb.hpp"

namespace shmbus::tool {
namespace {

int list_groups(const std::string& bus, bool json) {
  const std::vector<GroupSnapshot> groups = Inspector{bus}.groups();
  Output out;
  Table table({{"TOPIC", Table::Align::left, 0, 12},
               {"GROUP", Table::Align::left, 0, 10},
               {"MEMBERS"},
               {"LAG"},
               {"LEASED", Table::Align::right, 1},
               {"WAITING", Table::Align::right, 1},
               {"OLDEST", Table::Align::right, 2},
               {"REDELIVERED", Table::Align::right, 4},
               {"DEAD", Table::Align::right, 3},
               {"LOST", Table::Align::right, 3},
               {"STATE", Table::Align::left}});
  int status = 0;
  for (const GroupSnapshot& g : groups) {
    if (json) out.text() += group_json(g).dump() + '\n';
    if (!g.problem.empty()) complain(g.problem), status = 1;
    table.add({g.topic, g.group, std::to_string(g.members.size()), std::to_string(g.lag), std::to_string(g.leased),
               std::to_string(g.waiting), g.oldest_age ? duration_text(*g.oldest_age) : "-",
               std::to_string(g.counts.redelivered), std::to_string(g.counts.dead_letters),
               std::to_string(g.counts.lost), group_state_text(g)});
  }
  if (!json) out.text() = table.text(out.columns());
  if (groups.empty()) hint(fmt::format("no groups on bus '{}'", bus));
  out.flush();
  return status;
}

}  // namespace

void add_groups(CommandLine& line, const ChosenBus& bus) {
  const auto json = std::make_shared<bool>(false);
  line.verb("groups", "List groups: members, what is leased, what waits, and for how long")
      .flag("-j,--json", *json, "One JSON object per line and group, times in nanoseconds")
      .explain(
          R"(LAG is how many events are not settled: LEASED are held by members, WAITING were given back or are for later, no
member has come to the others. OLDEST is the age of the first of them. REDELIVERED counts leases of events that
had been leased before, DEAD the dead letters, LOST events that left the ring before a member read them. STATE
says where the window is full, the group is cautious since most of its leases failed, or it has no member.
A group exists until shmbus group TOPIC GROUP --remove.

Examples:
  shmbus groups
  shmbus groups --json | jq 'select(.lag > 1000).group')")
      .action([json, &bus] { return list_groups(bus.name, *json); });
}

}  // namespace shmbus::tool
