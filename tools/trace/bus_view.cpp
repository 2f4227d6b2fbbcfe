#include "bus_view.hpp"

#include <fmt/format.h>

#include <utility>

#include "topic_table.hpp"

namespace shmbus::tracing {

BusView::BusView(const BusSnapshot& bus) : name_(bus.name), incarnation_(bus.incarnation), known_(true) {
  std::unordered_map<std::uint64_t, const NodeSnapshot*> nodes;
  for (const NodeSnapshot& node : bus.nodes) nodes.emplace(node.id, &node);
  for (const TopicSnapshot& t : bus.topics) {
    Topic topic{.name = t.info.name,
                .oldest = tool::oldest_held(t),
                .newest = t.published,
                .journal = t.journal.has_value(),
                .times = t.info.timestamps,
                .problem = t.problem,
                .publishers = {}};
    if (!t.problem.empty()) topic.times = true;  // not known
    for (const PublisherSnapshot& p : t.publishers) {
      const auto node = nodes.find(p.node);
      if (node == nodes.end()) continue;
      topic.publishers.insert_or_assign(
          p.port, Publisher{.process = {.program = p.program, .pid = p.pid, .node = p.node}, .joined = node->second->started});
    }
    topics_.insert_or_assign(t.info.id, std::move(topic));
  }
}

const BusView::Topic* BusView::find(const EventId& event) const {
  if (event.bus != incarnation_) return nullptr;
  const auto found = topics_.find(event.topic);
  return found == topics_.end() ? nullptr : &found->second;
}

Process BusView::publisher(const EventId& event, unsigned port, Time time) const {
  const Topic* topic = find(event);
  if (topic == nullptr) return {};
  const auto found = topic->publishers.find(port);
  if (found == topic->publishers.end() || (time != Time{} && found->second.joined > time)) return {};
  return found->second.process;
}

std::string BusView::topic_name(const EventId& event) const {
  const Topic* topic = find(event);
  return topic == nullptr ? std::string{} : topic->name;
}

bool BusView::has_times(const EventId& event) const {
  const Topic* topic = find(event);
  return topic == nullptr || topic->times;
}

std::string BusView::why_missing(const EventId& event) const {
  if (!known_) return "it was not read";
  if (event.bus != incarnation_) return fmt::format("it is of another bus than '{}', or of one of that name before it", name_);
  const Topic* topic = find(event);
  if (topic == nullptr) return fmt::format("its topic is not on bus '{}' any more", name_);
  if (!topic->problem.empty()) return topic->problem;
  if (event.sequence > topic->newest || event.sequence == 0) return "no such event was published";
  if (topic->oldest == 0) return "it left the ring; none is retained";
  if (event.sequence < topic->oldest && topic->journal)
    return fmt::format("it left the journal; the oldest there is #{}", topic->oldest);
  if (event.sequence < topic->oldest) return fmt::format("it left the ring; the oldest retained is #{}", topic->oldest);
  return "it was aborted, or not read";
}

}  // namespace shmbus::tracing
