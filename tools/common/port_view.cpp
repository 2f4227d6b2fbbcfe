#include "port_view.hpp"

#include <fmt/format.h>

#include "text.hpp"
#include "unattached_text.hpp"

namespace shmbus::tool {
namespace {

using nlohmann::ordered_json;

std::string publisher_state(const PublisherSnapshot& p) {
  if (p.alive && p.waiting_for.count() != 0) return fmt::format("waiting {}", duration_text(p.waiting_for));
  if (p.alive && p.claim_open && p.state == NodeState::alive) return "claim open";
  return to_string(p.state);
}

}  // namespace

PortTables::PortTables()
    : publishers_({{"TOPIC", Table::Align::left},
                   {"PUBLISHER", Table::Align::left},
                   {"PID"},
                   {"STATE", Table::Align::left},
                   {"PUBLISHED"},
                   {"BYTES"},
                   {"WAITS"}}),
      subscribers_({{"TOPIC", Table::Align::left},
                    {"SUBSCRIBER", Table::Align::left},
                    {"PID"},
                    {"STATE", Table::Align::left},
                    {"MODE", Table::Align::left},
                    {"LAG"},
                    {"LAG TIME"},
                    {"DELIVERED"},
                    {"LOST"},
                    {"MISMATCHED"},
                    {"P50 / P99 / P99.9"}}),
      unattached_({{"NOT ATTACHED", Table::Align::left},
                   {"SUBSCRIBER", Table::Align::left},
                   {"PID"},
                   {"PATTERN", Table::Align::left},
                   {"WHY", Table::Align::left}}) {}

void PortTables::add(const TopicSnapshot& topic) {
  for (const PublisherSnapshot& p : topic.publishers) {
    publishers_.add({topic.info.name, process_text({}, p.program), std::to_string(p.pid), publisher_state(p),
                     std::to_string(p.published), byte_count(p.bytes), std::to_string(p.waits)});
  }
  for (const SubscriberSnapshot& s : topic.subscribers) {
    subscribers_.add({topic.info.name, process_text(s.name, s.program), std::to_string(s.pid), to_string(s.state),
                      mode_text(s), std::to_string(s.lag), s.lag_time ? duration_text(*s.lag_time) : "-",
                      std::to_string(s.delivered), std::to_string(s.lost), std::to_string(s.mismatched),
                      latency_text(s.latency)});
  }
}

void PortTables::add(const SubscriptionSnapshot& s, std::string_view topic) {
  if (s.state == NodeState::dead) return;
  for (const UnattachedSnapshot& missing : s.unattached) {
    if (!topic.empty() && missing.topic != topic) continue;
    unattached_.add({printable(missing.topic), process_text(s.name, s.program), std::to_string(s.pid),
                     printable(s.pattern), reason_text(missing)});
  }
}

std::string PortTables::text() const {
  std::string text;
  for (const Table* table : {&publishers_, &subscribers_, &unattached_}) {
    if (table->empty()) continue;
    if (!text.empty()) text += '\n';
    text += table->text();
  }
  return text;
}

ordered_json unattached_json(const SubscriptionSnapshot& s, const UnattachedSnapshot& topic) {
  ordered_json object;
  object["topic"] = topic.topic;
  object["kind"] = "unattached";
  object["name"] = printable(s.name);
  object["program"] = printable(s.program);
  object["pid"] = s.pid;
  object["node"] = s.node;
  object["pattern"] = printable(s.pattern);
  object["reason"] = reason_text(topic);
  return object;
}

std::string process_text(const std::string& name, const std::string& program) {
  return printable(name.empty() || name == program ? program : fmt::format("{} ({})", name, program));
}

const char* mode_text(const SubscriberSnapshot& s) noexcept {
  if (s.demoted) return "demoted";
  return s.delivery == Delivery::reliable ? "reliable" : "lossy";
}

std::string latency_text(const Latency& latency) {
  if (latency.count() == 0) return "-";
  return fmt::format("{} / {} / {}", duration_text(latency.percentile(50)), duration_text(latency.percentile(99)),
                     duration_text(latency.percentile(99.9)));
}

ordered_json latency_json(const Latency& latency) {
  if (latency.count() == 0) return nullptr;
  ordered_json object;
  object["events"] = latency.count();
  object["mean_ns"] = latency.mean().count();
  object["p50_ns"] = latency.percentile(50).count();
  object["p90_ns"] = latency.percentile(90).count();
  object["p99_ns"] = latency.percentile(99).count();
  object["p99_9_ns"] = latency.percentile(99.9).count();
  return object;
}

ordered_json port_json(const TopicSnapshot& topic, const PublisherSnapshot& p) {
  ordered_json object;
  object["topic"] = topic.info.name;
  object["kind"] = "publisher";
  object["port"] = p.port;
  object["program"] = printable(p.program);
  object["pid"] = p.pid;
  object["node"] = p.node;
  object["state"] = to_string(p.state);
  object["published"] = p.published;
  object["bytes"] = p.bytes;
  object["waits"] = p.waits;
  object["waiting_ns"] = p.waiting_for.count();
  object["claim_open"] = p.claim_open;
  return object;
}

ordered_json port_json(const TopicSnapshot& topic, const SubscriberSnapshot& s) {
  ordered_json object;
  object["topic"] = topic.info.name;
  object["kind"] = "subscriber";
  object["port"] = s.port;
  object["name"] = printable(s.name);
  object["program"] = printable(s.program);
  object["pid"] = s.pid;
  object["node"] = s.node;
  object["state"] = to_string(s.state);
  object["process"] = to_string(s.node_state);
  object["pattern"] = printable(s.pattern);
  object["reliable"] = s.delivery == Delivery::reliable;
  object["demoted"] = s.demoted;
  object["demote_after_ns"] = s.demote_after.count();
  object["next_sequence"] = s.next_sequence;
  object["lag"] = s.lag;
  object["lag_ns"] = nullptr;
  if (s.lag_time) object["lag_ns"] = s.lag_time->count();
  object["delivered"] = s.delivered;
  object["lost"] = s.lost;
  object["lapped"] = s.lapped;
  object["wakeups"] = s.wakeups;
  object["handler_errors"] = s.handler_errors;
  object["mismatched"] = s.mismatched;
  object["gating_ns"] = s.gating_for.count();
  object["retained_blocks"] = s.retained_blocks.size();
  object["latency"] = latency_json(s.latency);
  return object;
}

}  // namespace shmbus::tool
