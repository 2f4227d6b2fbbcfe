#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <string>

#include "chosen_group.hpp"
#include "group_json.hpp"
#include "group_text.hpp"
#include "output.hpp"
#include "printable_text.hpp"
#include "quantity_text.hpp"
#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "standard_error.hpp"
#include "table.hpp"
#include "time_text.hpp"
#include "verb.hpp"

namespace shmbus::tool {
namespace {

struct ShowOptions {
  std::string topic, group;
  std::uint64_t events = 20;
  bool json = false;
  bool remove = false;
};

std::string options_text(const GroupSnapshot& g) {
  const GroupOptions& o = g.options;
  std::string backoff;
  for (const auto time : o.backoff) backoff += (backoff.empty() ? "" : ", ") + duration_text(time);
  std::string text = fmt::format(
      "  window {}, in flight {}, lease {} (at most {}), order {}\n"
      "  {}, backoff {}; dead letters go to {}\n",
      o.window, o.in_flight == 0 ? "as many" : std::to_string(o.in_flight), duration_text(o.lease),
      duration_text(o.lease_most), to_text(o.order),
      o.max_deliveries == 0 ? "leased without end" : "leased " + counted(o.max_deliveries, "time") + " at most",
      backoff.empty() ? "none" : backoff, printable(o.dead_letters));
  text += g.in_journal
              ? "  beside the topic's journal: it holds no publisher back\n"
              : fmt::format("  it holds publishers back, without a member for {}\n", duration_text(o.abandon_after));
  return text;
}

std::string head_text(const GroupSnapshot& g) {
  std::string text =
      fmt::format("group '{}' of topic '{}', made {}: {}\n", g.group, g.topic, rfc3339(g.created), group_state_text(g));
  text += options_text(g);
  text += fmt::format("  {} of {} not settled: {} leased, {} waiting, {} unread\n", g.lag, g.published, g.leased,
                      g.waiting, g.unread());
  if (g.oldest)
    text += fmt::format("  {}{}\n", oldest_text(g),
                        g.oldest_age ? fmt::format("; published {} ago", duration_text(*g.oldest_age)) : "");
  const GroupCounts& c = g.counts;
  text += fmt::format(
      "  {}, {} acknowledged, {} given back, {} expired, {} redelivered; {}, {} not published; {} lost; {} of "
      "members\n",
      counted(c.leases, "lease"), c.acknowledged, c.given_back, c.expired, c.redelivered,
      counted(c.dead_letters, "dead letter"), c.unpublished, counted(c.lost, "event"), counted(g.deaths, "death"));
  if (g.cautious)
    text += fmt::format("  cautious: most of its latest leases failed, so it leases one event a second (next in {})\n",
                        duration_text(g.cautious_for));
  return text;
}

std::string members_text(const GroupSnapshot& g, std::size_t columns) {
  Table table({{"MEMBER", Table::Align::left, 0, 16},
               {"PID"},
               {"STATE", Table::Align::left},
               {"LEASED"},
               {"LEASES", Table::Align::right, 2},
               {"ACKNOWLEDGED", Table::Align::right, 1},
               {"GIVEN BACK", Table::Align::right, 3},
               {"EXPIRED", Table::Align::right, 3},
               {"JOINED", Table::Align::left, 4}});
  for (const GroupMemberSnapshot& m : g.members)
    table.add({printable(m.name), std::to_string(m.pid), to_string(m.state), std::to_string(m.leased),
               std::to_string(m.counts.leases), std::to_string(m.counts.acknowledged),
               std::to_string(m.counts.given_back), std::to_string(m.counts.expired), rfc3339(m.joined)});
  return table.text(columns);
}

std::string events_text(const std::vector<GroupEventSnapshot>& events, std::size_t columns) {
  Table table({{"EVENT"}, {"STATE", Table::Align::left}, {"DELIVERIES"}, {"HOLDER", Table::Align::left, 0, 16}});
  for (const GroupEventSnapshot& e : events)
    table.add({std::to_string(e.sequence), event_state_text(e), std::to_string(e.deliveries), tool::holder_text(e)});
  return table.text(columns);
}

int show(const std::string& bus, const ShowOptions& options) {
  Inspector inspector{bus};
  const std::vector<GroupSnapshot> groups = inspector.groups();
  const GroupSnapshot& group = find_group(groups, bus, options.topic, options.group);
  if (!group.problem.empty()) {
    complain(group.problem);
    return 1;
  }
  const auto events = inspector.group_events(
      group.topic, group.group,
      static_cast<std::size_t>(std::min<std::uint64_t>(options.events, std::numeric_limits<std::uint32_t>::max())));
  Output out;
  if (options.json) {
    auto object = group_json(group);
    object["events"] = nlohmann::ordered_json::array();
    for (const GroupEventSnapshot& e : events) object["events"].push_back(group_event_json(e));
    out.text() = object.dump() + '\n';
  } else {
    out.text() = head_text(group);
    for (const std::string& table : {members_text(group, out.columns()), events_text(events, out.columns())})
      if (!table.empty()) out.text() += '\n' + table;
  }
  out.flush();
  return 0;
}

int remove(const std::string& bus, const ShowOptions& options) {
  if (!Bus::open(bus, {.create = false}).remove_group(options.topic, options.group))
    find_group(Inspector{bus}.groups(), bus, options.topic, options.group);  // throws
  Output out;
  out.text() = fmt::format("removed group '{}' of topic '{}'\n", options.group, options.topic);
  out.flush();
  return 0;
}

}  // namespace

void add_group(CommandLine& line, const ChosenBus& bus) {
  const auto options = std::make_shared<ShowOptions>();
  line.verb("group", "Show a group: members, options, and the events that are not settled")
      .argument("TOPIC", text_value(options->topic), "Its topic")
      .argument("GROUP", text_value(options->group), "Its name")
      .option("-n,--events", "N", whole_number(options->events, "20"), "How many unsettled events to list")
      .flag("-j,--json", options->json, "One JSON object, times in nanoseconds")
      .flag("--remove", options->remove, "Remove the group, with its leases and its place in the topic")
      .exclude("--remove", "--json")
      .explain(
          R"(DELIVERIES is how often an event was leased. HOLDER holds it, or held it last. An event that no member has come
to is unread; there a number may be one that no event has. With --remove the group must have no living member.
What is tried again from the dead letters is a group of the same name, of topic TOPIC.retry.GROUP.

Examples:
  shmbus group orders.created billing
  shmbus group orders.created billing --json | jq .oldest
  shmbus group orders.created billing --remove)")
      .action([options, &bus] { return options->remove ? remove(bus.name, *options) : show(bus.name, *options); });
}

}  // namespace shmbus::tool
