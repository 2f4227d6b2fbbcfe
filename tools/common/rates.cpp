#include "rates.hpp"

#include <algorithm>
#include <chrono>

#include "snapshot_comparison.hpp"

namespace shmbus::tool {
namespace {

void add(Rates& rates, const TopicSnapshot* before, const TopicSnapshot& after) {
  rates.published += growth(before != nullptr ? before->published : 0, after.published);
  rates.bytes += growth(before != nullptr ? before->bytes : 0, after.bytes);
  for (const PublisherSnapshot& p : after.publishers) {
    const PublisherSnapshot* earlier = same_port(before != nullptr ? &before->publishers : nullptr, p);
    rates.waits += growth(earlier != nullptr ? earlier->waits : 0, p.waits);
    rates.publishers += p.alive ? 1 : 0;
  }
  for (const SubscriberSnapshot& s : after.subscribers) {
    const SubscriberSnapshot* earlier = same_port(before != nullptr ? &before->subscribers : nullptr, s);
    rates.delivered += growth(earlier != nullptr ? earlier->delivered : 0, s.delivered);
    rates.lost += growth(earlier != nullptr ? earlier->lost : 0, s.lost);
    rates.wakeups += growth(earlier != nullptr ? earlier->wakeups : 0, s.wakeups);
    rates.subscribers += s.alive ? 1 : 0;
    if (s.alive) rates.lag = std::max(rates.lag, s.lag);
  }
}

}  // namespace

Rates rates_between(const BusSnapshot& before, const BusSnapshot& after, const std::optional<std::string>& topic) {
  Rates rates;
  rates.seconds = std::chrono::duration<double>(after.steady - before.steady).count();
  for (const TopicSnapshot& t : after.topics) {
    if (t.problem.empty() && (!topic || t.info.name == *topic)) add(rates, same_topic(before, t), t);
  }
  rates.nodes = static_cast<unsigned>(
      std::count_if(after.nodes.begin(), after.nodes.end(), [](const NodeSnapshot& n) { return n.alive; }));
  if (rates.seconds <= 0) return rates;  // only one snapshot: there are no changes
  for (double* sum : {&rates.published, &rates.bytes, &rates.delivered, &rates.lost, &rates.waits, &rates.wakeups})
    *sum /= rates.seconds;
  return rates;
}

}  // namespace shmbus::tool
