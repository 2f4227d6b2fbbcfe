#include "model/compared_snapshot.hpp"

#include <chrono>
#include <unordered_map>
#include <utility>

#include "snapshot_comparison.hpp"

namespace shmbus::top {
namespace {

using tool::growth;
using tool::same_port;

JournalRates journal_rates(const TopicSnapshot* before, const JournalSnapshot& after, double seconds) {
  static const JournalSnapshot none;
  const JournalSnapshot& earlier = before != nullptr && before->journal ? *before->journal : none;
  JournalRates rates;
  rates.recorded = growth(earlier.recorded, after.recorded) / seconds;
  rates.bytes = growth(earlier.bytes, after.bytes) / seconds;
  if (after.syncs > earlier.syncs && after.sync_time >= earlier.sync_time)
    rates.sync_time = (after.sync_time - earlier.sync_time) / static_cast<std::int64_t>(after.syncs - earlier.syncs);
  return rates;
}

TopicRates rates_of(const TopicSnapshot* before, const TopicSnapshot& after, double seconds) {
  TopicRates rates;
  rates.published = growth(before != nullptr ? before->published : 0, after.published) / seconds;
  rates.bytes = growth(before != nullptr ? before->bytes : 0, after.bytes) / seconds;
  for (const PublisherSnapshot& p : after.publishers) {
    const PublisherSnapshot* earlier = same_port(before != nullptr ? &before->publishers : nullptr, p);
    rates.publishers.push_back({.published = growth(earlier != nullptr ? earlier->published : 0, p.published) / seconds,
                                .bytes = growth(earlier != nullptr ? earlier->bytes : 0, p.bytes) / seconds,
                                .waits = growth(earlier != nullptr ? earlier->waits : 0, p.waits) / seconds});
  }
  for (const SubscriberSnapshot& s : after.subscribers) {
    const SubscriberSnapshot* earlier = same_port(before != nullptr ? &before->subscribers : nullptr, s);
    SubscriberRates& r = rates.subscribers.emplace_back();
    r.delivered = growth(earlier != nullptr ? earlier->delivered : 0, s.delivered) / seconds;
    r.lost = growth(earlier != nullptr ? earlier->lost : 0, s.lost) / seconds;
    r.latency = earlier != nullptr ? s.latency.since(earlier->latency) : s.latency;
    rates.lost += r.lost;
  }
  if (after.journal) rates.journal = journal_rates(before, *after.journal, seconds);
  return rates;
}

/// No rates, but an entry for each port.
TopicRates nothing_of(const TopicSnapshot& topic) {
  TopicRates rates;
  rates.publishers.resize(topic.publishers.size());
  rates.subscribers.resize(topic.subscribers.size());
  return rates;
}

}  // namespace

ComparedSnapshot compare(const BusSnapshot* before, BusSnapshot after) {
  ComparedSnapshot look;
  const double seconds = before != nullptr ? std::chrono::duration<double>(after.steady - before->steady).count() : 0;
  look.compared = seconds > 0;
  look.total = tool::rates_between(look.compared ? *before : after, after, std::nullopt);
  std::unordered_map<std::uint64_t, std::chrono::nanoseconds> used;
  if (look.compared) {
    for (const NodeSnapshot& node : before->nodes) used.emplace(node.id, node.cpu_time);
  }
  for (const TopicSnapshot& topic : after.topics) {
    const bool readable = look.compared && topic.problem.empty();
    look.topics.push_back(readable ? rates_of(tool::same_topic(*before, topic), topic, seconds) : nothing_of(topic));
  }
  for (const NodeSnapshot& node : after.nodes) {
    const auto earlier = used.find(node.id);
    const bool grew = earlier != used.end() && node.cpu_time > earlier->second;
    look.processor.push_back(grew ? std::chrono::duration<double>(node.cpu_time - earlier->second).count() / seconds
                                  : 0);
  }
  look.bus = std::move(after);
  return look;
}

void add_durables(ComparedSnapshot& look, const std::vector<DurableSnapshot>& before,
                  std::vector<DurableSnapshot> after) {
  const auto earlier = [&](const DurableSnapshot& name, const std::string& topic) -> const DurableTopicSnapshot* {
    for (const DurableSnapshot& d : before) {
      if (d.name != name.name || d.created != name.created) continue;
      for (const DurableTopicSnapshot& t : d.topics) {
        if (t.topic == topic) return &t;
      }
    }
    return nullptr;
  };
  for (const DurableSnapshot& name : after) {
    double acknowledged = 0;
    for (const DurableTopicSnapshot& topic : name.topics) {
      const DurableTopicSnapshot* then = look.compared ? earlier(name, topic.topic) : nullptr;
      if (then != nullptr) acknowledged += growth(then->acknowledged, topic.acknowledged) / look.total.seconds;
    }
    look.acknowledged.push_back(acknowledged);
  }
  look.durables = std::move(after);
}

void add_groups(ComparedSnapshot& look, const std::vector<GroupSnapshot>& before, std::vector<GroupSnapshot> after) {
  for (const GroupSnapshot& group : after) {
    GroupRates& rates = look.group_rates.emplace_back();
    if (!look.compared) continue;
    for (const GroupSnapshot& then : before) {
      if (then.topic != group.topic || then.group != group.group || then.id != group.id) continue;
      rates.leased = growth(then.counts.leases, group.counts.leases) / look.total.seconds;
      rates.acknowledged = growth(then.counts.acknowledged, group.counts.acknowledged) / look.total.seconds;
      rates.unpublished = growth(then.counts.unpublished, group.counts.unpublished) / look.total.seconds;
      rates.lost = growth(then.counts.lost, group.counts.lost) / look.total.seconds;
    }
  }
  look.groups = std::move(after);
}

}  // namespace shmbus::top
