#include "model/compared_snapshot.hpp"

#include <chrono>
#include <unordered_map>
#include <utility>

#include "snapshot_comparison.hpp"

namespace shmbus::top {
namespace {

using tool::growth;
using tool::same_port;

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

}  // namespace shmbus::top
