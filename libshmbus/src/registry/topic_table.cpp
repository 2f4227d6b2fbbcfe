#include "registry/topic_table.hpp"

#include "shmbus/error.hpp"

namespace shmbus::registry {

using layout::topic_creator;
using layout::topic_phase;
using layout::topic_state;
using layout::TopicPhase;

std::vector<TopicTable::Topic> TopicTable::ready() const {
  std::vector<Topic> topics;
  for (unsigned i = 0; i < node_.registry().topics(); ++i) {
    const std::uint64_t state = at(i).state.load(std::memory_order_seq_cst);
    if (topic_phase(state) != TopicPhase::ready) continue;
    Topic topic{i, at(i).id.load(std::memory_order_acquire), at(i).name.load()};
    if (at(i).state.load(std::memory_order_acquire) == state) topics.push_back(std::move(topic));
  }
  return topics;
}

std::vector<TopicTable::Unfinished> TopicTable::unfinished() const {
  std::vector<Unfinished> found;
  for (unsigned i = 0; i < node_.registry().topics(); ++i) {
    const std::uint64_t state = at(i).state.load(std::memory_order_seq_cst);
    const TopicPhase phase = topic_phase(state);
    if (phase != TopicPhase::filling && phase != TopicPhase::creating) continue;
    const bool alive = node_.alive(topic_creator(state));
    Unfinished topic{i, state, phase == TopicPhase::creating ? at(i).name.load() : "", alive};
    if (at(i).state.load(std::memory_order_acquire) == state) found.push_back(std::move(topic));
  }
  return found;
}

unsigned TopicTable::announce(std::string_view name) {
  Registry& registry = node_.registry();
  for (;;) {
    for (unsigned i = 0; i < registry.topics(); ++i) {
      std::uint64_t free = 0;
      if (at(i).state.load(std::memory_order_relaxed) != 0 ||  // a hint; the compare-and-swap decides
          !at(i).state.compare_exchange_strong(free, topic_state(TopicPhase::filling, node_.id()),
                                               std::memory_order_acq_rel)) {
        continue;
      }
      at(i).id.store(0, std::memory_order_relaxed);
      at(i).name.store(name);
      at(i).state.store(topic_state(TopicPhase::creating, node_.id()), std::memory_order_seq_cst);
      return i;
    }
    if (!registry.grow_topics()) break;
  }
  throw Error(ErrorCode::limit,
              {"bus '" + registry.bus() + "'", "at most " + std::to_string(layout::kMaxTopics) + " topics",
               "all in use", "remove topics that are not needed (shmbus rm --topic)"});
}

void TopicTable::withdraw(unsigned entry) noexcept {
  std::uint64_t mine = topic_state(TopicPhase::creating, node_.id());
  if (at(entry).state.compare_exchange_strong(mine, 0, std::memory_order_acq_rel)) changed();
}

void TopicTable::make_ready(unsigned entry, std::uint64_t id) noexcept {
  std::uint64_t state = at(entry).state.load(std::memory_order_acquire);
  if (topic_phase(state) != TopicPhase::creating) return;
  at(entry).id.store(id, std::memory_order_relaxed);  // published by the state; whoever helps stores the same
  if (at(entry).state.compare_exchange_strong(state, topic_state(TopicPhase::ready, topic_creator(state)),
                                              std::memory_order_seq_cst)) {
    changed();
  }
}

void TopicTable::discard(const Unfinished& unfinished) noexcept {
  std::uint64_t state = unfinished.state;
  if (at(unfinished.entry).state.compare_exchange_strong(state, 0, std::memory_order_acq_rel)) changed();
}

std::optional<unsigned> TopicTable::find_ready(std::string_view name, std::uint64_t id) const {
  for (unsigned i = 0; i < node_.registry().topics(); ++i) {
    if (topic_phase(at(i).state.load(std::memory_order_acquire)) == TopicPhase::ready &&
        at(i).id.load(std::memory_order_acquire) == id && at(i).name.load() == name) {
      return i;
    }
  }
  return std::nullopt;
}

void TopicTable::remove(std::string_view name) noexcept {
  for (unsigned i = 0; i < node_.registry().topics(); ++i) {
    std::uint64_t state = at(i).state.load(std::memory_order_acquire);
    if (topic_phase(state) == TopicPhase::ready && at(i).name.load() == name &&
        at(i).state.compare_exchange_strong(state, 0, std::memory_order_acq_rel)) {
      changed();
    }
  }
}

/// Subscribers compare the generation when they poll; the bells are for those that sleep.
void TopicTable::changed() noexcept {
  auto& header = node_.registry().header();
  header.topic_generation.fetch_add(1, std::memory_order_seq_cst);
  for (unsigned i = 0; i < node_.registry().nodes(); ++i) {
    if (header.node_table[i].id.load(std::memory_order_relaxed) != 0)
      node_.ring(i);  // a missed one looks again by itself
  }
}

}  // namespace shmbus::registry
