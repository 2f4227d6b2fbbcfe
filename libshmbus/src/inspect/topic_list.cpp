#include "inspect/topic_list.hpp"

#include <utility>

#include "layout/segment_checks.hpp"

namespace shmbus::detail {

using layout::TopicPhase;

std::vector<ListedTopic> list_topics(const registry::Registry& registry) {
  std::vector<ListedTopic> topics;
  for (unsigned i = 0; i < registry.topics(); ++i) {
    const layout::TopicEntry& entry = registry.header().topic_table[i];
    const std::uint64_t state = entry.state.load(std::memory_order_acquire);
    ListedTopic topic;
    topic.phase = layout::topic_phase(state);
    topic.creator = layout::topic_creator(state);
    if (topic.phase == TopicPhase::free || topic.phase > TopicPhase::notified) continue;
    if (topic.phase != TopicPhase::filling) {
      topic.id = entry.id.load(std::memory_order_acquire);
      topic.name = base::TopicName::parse(entry.name.load());
      if (!topic.name) continue;  // corrupt
    }
    if (entry.state.load(std::memory_order_acquire) >> 3 == state >> 3) topics.push_back(std::move(topic));
  }
  return topics;
}

void check_whole(const registry::Registry& registry) {
  if (registry.intact()) return;
  layout::check_size(registry.file().state().size, registry.recorded().size, registry.bus().object());
}

}  // namespace shmbus::detail
