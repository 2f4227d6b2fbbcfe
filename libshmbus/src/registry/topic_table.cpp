#include "registry/topic_table.hpp"

#include "registry/subscription_table.hpp"
#include "shmbus/detail/crash_point.hpp"
#include "shmbus/error.hpp"

namespace shmbus::registry {

using layout::topic_phase;
using layout::topic_state;
using layout::TopicPhase;
using layout::with_phase;

template <class Wanted>
std::vector<TopicTable::Topic> TopicTable::collect(Wanted wanted) const {
  std::vector<Topic> topics;
  for (unsigned i = 0; i < node_.registry().topics(); ++i) {
    Topic topic;
    topic.entry = i;
    topic.state = at(i).state.load(std::memory_order_seq_cst);
    if (!wanted(topic.phase())) continue;
    if (topic.phase() != TopicPhase::filling) {
      topic.id = at(i).id.load(std::memory_order_acquire);
      topic.name = base::TopicName::parse(at(i).name.load());
      if (!topic.name) continue;  // corrupt
    }
    if (at(i).state.load(std::memory_order_acquire) >> 3 == topic.state >> 3) topics.push_back(std::move(topic));
  }
  return topics;
}

std::vector<TopicTable::Topic> TopicTable::ready() const {
  return collect([](TopicPhase phase) { return phase == TopicPhase::ready || phase == TopicPhase::notified; });
}

std::vector<TopicTable::Topic> TopicTable::unfinished() const {
  return collect([](TopicPhase phase) {
    return phase == TopicPhase::filling || phase == TopicPhase::creating || phase == TopicPhase::ready;
  });
}

std::optional<TopicTable::Topic> TopicTable::find(const base::TopicName& name, std::uint64_t id) const {
  for (Topic& topic : collect([](TopicPhase phase) { return phase != TopicPhase::free; })) {
    if (topic.id == id && topic.name == name) return std::move(topic);
  }
  return std::nullopt;
}

TopicTable::Topic TopicTable::announce(const base::TopicName& name, std::uint64_t id) {
  Registry& registry = node_.registry();
  const std::uint64_t serial = serial_.fetch_add(1, std::memory_order_relaxed);
  const std::uint64_t filling = topic_state(TopicPhase::filling, node_.id(), serial);
  do {
    for (unsigned i = 0; i < registry.topics(); ++i) {
      std::uint64_t free = 0;
      if (at(i).state.load(std::memory_order_relaxed) != 0 ||  // a hint; the compare-and-swap decides
          !at(i).state.compare_exchange_strong(free, filling, std::memory_order_acq_rel)) {
        continue;
      }
      SHMBUS_CRASH_POINT("topic.taken");
      at(i).id.store(id, std::memory_order_release);  // both published by the state; SYNC text
      at(i).name.store(name.text());
      const std::uint64_t creating = with_phase(filling, TopicPhase::creating);
      SHMBUS_CRASH_POINT("topic.named");
      at(i).state.store(creating, std::memory_order_seq_cst);
      SHMBUS_CRASH_POINT("topic.announced");
      return {i, creating, id, name};
    }
  } while (registry.grow_topics());
  throw Error(ErrorCode::limit, {registry.bus().object(), "at most " + std::to_string(layout::kMaxTopics) + " topics",
                                 "all in use", "remove topics that are not needed (shmbus rm --topic)"});
}

// A compare-and-swap that fails returns the value it found. That may be another announcement's state, which must not
// become ours.

bool TopicTable::make_ready(Topic& topic) noexcept {
  if (topic.phase() != TopicPhase::creating) return false;
  const std::uint64_t ready = with_phase(topic.state, TopicPhase::ready);
  std::uint64_t creating = topic.state;
  const bool ours = at(topic.entry).state.compare_exchange_strong(creating, ready, std::memory_order_seq_cst);
  if (ours) topic.state = ready;
  SHMBUS_CRASH_POINT("topic.ready");
  return ours;
}

/// Subscribers compare the generation when they poll; the bells wake those that sleep.
void TopicTable::notify(const Topic& topic) noexcept {
  if (topic.phase() != TopicPhase::ready) return;
  changed(topic);
  SHMBUS_CRASH_POINT("topic.changed");
  std::uint64_t ready = topic.state;
  at(topic.entry)
      .state.compare_exchange_strong(ready, with_phase(ready, TopicPhase::notified), std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("topic.notified");
}

bool TopicTable::discard(const Topic& topic) noexcept {
  std::uint64_t state = topic.state;
  auto& word = at(topic.entry).state;
  while (!word.compare_exchange_weak(state, 0, std::memory_order_seq_cst)) {
    // A later phase changes nothing; another announcement is another topic.
    if (state >> 3 != topic.state >> 3) return false;
  }
  SHMBUS_CRASH_POINT("topic.discarded");
  changed(topic);
  return true;
}

void TopicTable::changed(const Topic& topic) noexcept {
  node_.registry().header().topic_generation.fetch_add(1, std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("topic.counted");
  SubscriptionTable(node_).ring_matching(topic.name ? topic.name->text() : std::string_view{});
}

}  // namespace shmbus::registry
