#include <fmt/format.h>

#include <memory>
#include <optional>

#include "output.hpp"
#include "port_json.hpp"
#include "port_tables.hpp"
#include "standard_error.hpp"
#include "snapshot_topics.hpp"
#include "verb.hpp"

namespace shmbus::tool {
namespace {

struct PortsOptions {
  std::optional<std::string> topic;
  bool json = false;
};

int run(const std::string& bus, const PortsOptions& options) {
  BusSnapshot snapshot = Inspector{bus}.snapshot();
  const Bridges bridges{snapshot};
  int status = 0;
  if (options.topic) {
    snapshot.topics = {find_topic(snapshot, *options.topic)};
  } else {
    status = drop_unreadable(snapshot);
  }
  Output out;
  PortTables tables{bridges};
  for (const TopicSnapshot& topic : snapshot.topics) {
    tables.add(topic);
    if (!options.json) continue;
    for (const PublisherSnapshot& p : topic.publishers) out.text() += port_json(bridges, topic, p).dump() + '\n';
    for (const SubscriberSnapshot& s : topic.subscribers) out.text() += port_json(bridges, topic, s).dump() + '\n';
    for (const GroupPort& port : group_ports(topic)) out.text() += port_json(port).dump() + '\n';
  }
  for (const SubscriptionSnapshot& s : snapshot.subscriptions) {
    tables.add(s, options.topic.value_or(""));
    if (!options.json || s.state == NodeState::dead) continue;
    for (const UnattachedSnapshot& topic : s.unattached) {
      if (!options.topic || topic.topic == *options.topic) out.text() += unattached_json(s, topic).dump() + '\n';
    }
  }
  if (!options.json) out.text() = tables.text(out.columns());
  if (out.text().empty() && status == 0) hint("no publishers and no subscribers");
  out.flush();
  return status;
}

}  // namespace

void add_ports(CommandLine& line, const ChosenBus& bus) {
  const auto options = std::make_shared<PortsOptions>();
  line.verb("ports", "List publishers and subscribers, with what they did")
      .optional_argument("TOPIC", text_value(options->topic), "Only of this topic")
      .flag("-j,--json", options->json, "One JSON object per line, times in nanoseconds")
      .explain(R"(LAG is how many events are published and not read yet, LAG TIME the age of the oldest of them. The last
column is the time from publish to handler that half, 99 % and 99.9 % of the events took at most, since the
subscriber attached. Both need time stamps.

A publisher is alive, stopped or dead, waiting for a reliable subscriber, or has a claim open. A subscriber
is spinning (awake), sleeping, lapped (events it needs have left the ring), stopped, gating (publishers wait
for it) or dead. A group has a port of its own on a topic without a journal: publishers wait for the first event
that it has not settled. A third table lists subscribers that match a topic and could not attach it, and why.

On a terminal that is too narrow names are shortened (video.wat~started), and columns left out, in this order:
MISMATCHED, the latencies, MODE, DELIVERED, LAG TIME; BYTES, WAITS. Into a pipe or file all is printed.

Examples:
  shmbus ports
  shmbus ports video.frame --json | jq 'select(.lost > 0)')")
      .action([options, &bus] { return run(bus.name, *options); });
}

}  // namespace shmbus::tool
