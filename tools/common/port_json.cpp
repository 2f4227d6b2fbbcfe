#include "port_json.hpp"

#include "port_text.hpp"
#include "printable_text.hpp"
#include "unattached_text.hpp"

namespace shmbus::tool {

using nlohmann::ordered_json;

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

ordered_json bridge_json(const std::optional<std::string>& name) {
  return name ? ordered_json(printable(*name)) : ordered_json(nullptr);
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

ordered_json port_json(const Bridges& bridges, const TopicSnapshot& topic, const PublisherSnapshot& p) {
  ordered_json object;
  object["topic"] = topic.info.name;
  object["kind"] = "publisher";
  object["port"] = p.port;
  object["program"] = printable(p.program);
  object["bridge"] = bridge_json(bridges.name_of(p.node));
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

ordered_json port_json(const GroupPort& port) {
  const HeldPlaceSnapshot& place = *port.place;
  ordered_json object;
  object["topic"] = port.topic->info.name;
  object["kind"] = "group";
  object["port"] = place.port;
  object["group"] = printable(port.group);
  object["program"] = printable(place.program);
  object["pid"] = place.pid;
  object["node"] = place.node;
  object["state"] = port.state();
  object["next_sequence"] = place.next_sequence;
  object["lag"] = port.lag();
  object["gating"] = place.gating;
  object["gating_ns"] = place.gating_for.count();
  object["abandon_after_ns"] = place.hold_for.count();
  return object;
}

ordered_json port_json(const Bridges& bridges, const TopicSnapshot& topic, const SubscriberSnapshot& s) {
  ordered_json object;
  object["topic"] = topic.info.name;
  object["kind"] = "subscriber";
  object["port"] = s.port;
  object["name"] = printable(s.name);
  object["program"] = printable(s.program);
  object["bridge"] = bridge_json(bridges.name_of(s.node));
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
  object["in_journal"] = s.in_journal;
  object["recorder"] = is_recorder(topic, s);
  object["gating_ns"] = s.gating_for.count();
  object["retained_blocks"] = s.retained_blocks.size();
  object["latency"] = latency_json(s.latency);
  return object;
}

}  // namespace shmbus::tool
