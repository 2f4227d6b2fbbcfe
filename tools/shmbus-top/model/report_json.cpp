#include <nlohmann/json.hpp>

#include "bridge.hpp"
#include "durable_json.hpp"
#include "group_json.hpp"
#include "journal_json.hpp"
#include "model/alerts.hpp"
#include "model/header.hpp"
#include "model/report.hpp"
#include "port_json.hpp"
#include "printable_text.hpp"
#include "time_text.hpp"
#include "topic_table.hpp"

namespace shmbus::top {
namespace {

using nlohmann::ordered_json;

/// Rates are null in the first snapshot.
class Rate {
 public:
  explicit Rate(const ComparedSnapshot& look) : known_(look.compared) {}
  ordered_json operator()(double rate) const { return known_ ? ordered_json(rate) : ordered_json(nullptr); }

 private:
  bool known_;
};

ordered_json alerts_json(const ComparedSnapshot& look) {
  ordered_json list = ordered_json::array();
  for (const Alert& alert : find_alerts(look)) {
    ordered_json object;
    object["topic"] = nullptr;
    if (!alert.topic.empty()) object["topic"] = tool::printable(alert.topic);
    object["severity"] = alert.tone == Tone::bad ? "error" : "warning";
    object["text"] = alert.text;
    object["remedy"] = alert.remedy;
    object["since_ns"] = nullptr;
    if (alert.since.count() != 0) object["since_ns"] = alert.since.count();
    list.push_back(std::move(object));
  }
  return list;
}

ordered_json journal_rates_json(const TopicSnapshot& topic, const JournalRates& rates, const Rate& rate) {
  ordered_json object = tool::journal_json(topic);
  if (object.is_null()) return object;
  object["recorded_per_s"] = rate(rates.recorded);
  object["bytes_per_s"] = rate(rates.bytes);
  object["recent_sync_ns"] = nullptr;
  if (rates.sync_time.count() != 0) object["recent_sync_ns"] = rates.sync_time.count();
  return object;
}

ordered_json topics_json(const ComparedSnapshot& look, const Rate& rate) {
  ordered_json list = ordered_json::array();
  for (std::size_t i = 0; i < look.bus.topics.size(); ++i) {
    const TopicSnapshot& topic = look.bus.topics[i];
    ordered_json object;
    if (topic.problem.empty()) {
      object = ordered_json::parse(tool::topic_json(topic));
      object["events_per_s"] = rate(look.topics[i].published);
      object["bytes_per_s"] = rate(look.topics[i].bytes);
      object["lost_per_s"] = rate(look.topics[i].lost);
      object["journal"] = journal_rates_json(topic, look.topics[i].journal, rate);
    } else {
      object["topic"] = topic.info.name;
      object["problem"] = tool::printable(topic.problem);
    }
    list.push_back(std::move(object));
  }
  return list;
}

ordered_json publishers_json(const ComparedSnapshot& look, const tool::Bridges& bridges, const Rate& rate) {
  ordered_json list = ordered_json::array();
  for (std::size_t t = 0; t < look.bus.topics.size(); ++t) {
    const TopicSnapshot& topic = look.bus.topics[t];
    for (std::size_t i = 0; i < topic.publishers.size(); ++i) {
      const PublisherRates& rates = look.topics[t].publishers[i];
      ordered_json object = tool::port_json(bridges, topic, topic.publishers[i]);
      object["claim_age_ns"] = topic.publishers[i].claim_age.count();
      object["events_per_s"] = rate(rates.published);
      object["bytes_per_s"] = rate(rates.bytes);
      object["waits_per_s"] = rate(rates.waits);
      list.push_back(std::move(object));
    }
  }
  return list;
}

ordered_json subscribers_json(const ComparedSnapshot& look, const tool::Bridges& bridges, const Rate& rate) {
  ordered_json list = ordered_json::array();
  for (std::size_t t = 0; t < look.bus.topics.size(); ++t) {
    const TopicSnapshot& topic = look.bus.topics[t];
    for (std::size_t i = 0; i < topic.subscribers.size(); ++i) {
      const SubscriberRates& rates = look.topics[t].subscribers[i];
      ordered_json object = tool::port_json(bridges, topic, topic.subscribers[i]);
      object["events_per_s"] = rate(rates.delivered);
      object["lost_per_s"] = rate(rates.lost);
      object["recent_latency"] = tool::latency_json(rates.latency);
      list.push_back(std::move(object));
    }
  }
  return list;
}

ordered_json nodes_json(const ComparedSnapshot& look, const tool::Bridges& bridges, const Rate& rate) {
  ordered_json list = ordered_json::array();
  for (std::size_t i = 0; i < look.bus.nodes.size(); ++i) {
    const NodeSnapshot& node = look.bus.nodes[i];
    ordered_json object;
    object["node"] = node.id;
    object["program"] = tool::printable(node.program);
    object["bridge"] = tool::bridge_json(bridges.name_of(node.id));
    object["pid"] = node.pid;
    object["uid"] = node.uid;
    object["state"] = to_string(node.state);
    object["started"] = tool::rfc3339(node.started);
    object["cores"] = rate(look.processor[i]);
    object["publishers"] = node.publishers;
    object["subscribers"] = node.subscribers;
    object["subscriptions"] = node.subscriptions;
    list.push_back(std::move(object));
  }
  return list;
}

ordered_json groups_json(const ComparedSnapshot& look, const Rate& rate) {
  ordered_json list = ordered_json::array();
  for (std::size_t i = 0; i < look.groups.size(); ++i) {
    ordered_json object = tool::group_json(look.groups[i]);
    object["leases_per_s"] = rate(look.group_rates[i].leased);
    object["acknowledged_per_s"] = rate(look.group_rates[i].acknowledged);
    list.push_back(std::move(object));
  }
  return list;
}

ordered_json durables_json(const ComparedSnapshot& look, const Rate& rate) {
  ordered_json list = ordered_json::array();
  for (std::size_t i = 0; i < look.durables.size(); ++i) {
    ordered_json object = tool::durable_json(look.durables[i]);
    object["acknowledged_per_s"] = rate(look.acknowledged[i]);
    list.push_back(std::move(object));
  }
  return list;
}

}  // namespace

std::string report_json(const ComparedSnapshot& look) {
  const BusSnapshot& bus = look.bus;
  const Rate rate{look};
  const tool::Bridges bridges{bus};
  const NodeCounts counts = count_nodes(bus);
  ordered_json object;
  object["bus"] = bus.name;
  object["time"] = tool::rfc3339(bus.taken);
  object["created"] = tool::rfc3339(bus.created);
  object["seconds"] = rate(look.total.seconds);
  object["events_per_s"] = rate(look.total.published);
  object["bytes_per_s"] = rate(look.total.bytes);
  object["delivered_per_s"] = rate(look.total.delivered);
  object["lost_per_s"] = rate(look.total.lost);
  object["shm_size"] = bus.shm_size;
  object["shm_free"] = bus.shm_free;
  object["log_memory"] = log_memory(bus);
  object["nodes_alive"] = counts.alive;
  object["nodes_stopped"] = counts.stopped;
  object["nodes_dead"] = counts.dead;
  object["alerts"] = alerts_json(look);
  object["topics"] = topics_json(look, rate);
  object["subscribers"] = subscribers_json(look, bridges, rate);
  object["publishers"] = publishers_json(look, bridges, rate);
  object["nodes"] = nodes_json(look, bridges, rate);
  object["durables"] = durables_json(look, rate);
  object["groups"] = groups_json(look, rate);
  object["unfinished"] = ordered_json::array();
  for (const UnfinishedTopic& topic : bus.unfinished)
    object["unfinished"].push_back({{"topic", tool::printable(topic.name)},
                                    {"creator", topic.creator},
                                    {"state", to_string(topic.creator_state)}});
  object["unattached"] = ordered_json::array();
  for (const SubscriptionSnapshot& s : bus.subscriptions) {
    for (const UnattachedSnapshot& topic : s.unattached)
      object["unattached"].push_back(tool::unattached_json(s, topic));
  }
  return object.dump() + '\n';
}

}  // namespace shmbus::top
