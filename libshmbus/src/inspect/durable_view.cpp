#include "inspect/durable_view.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "base/pattern.hpp"
#include "durable/cursor_file.hpp"
#include "durable/durable_files.hpp"
#include "durable/journal_cursors.hpp"
#include "durable/name_lock.hpp"
#include "shmbus/error.hpp"
#include "shmbus/journal_files.hpp"

namespace shmbus::detail {

namespace {

/// The subscriptions of durable names, by the byte of the name's lock.
struct Members {
  std::uint64_t holder = 0;  // id of the holder's subscription
  std::size_t standing_by = 0;
};

std::map<std::uint64_t, Members> read_members(const registry::Registry& registry) {
  std::map<std::uint64_t, Members> members;
  for (unsigned i = 0; i < registry.subscriptions(); ++i) {
    const layout::SubscriptionEntry& entry = registry.header().subscription_table[i];
    const std::uint64_t id = entry.id.load(std::memory_order_acquire);
    const std::uint64_t byte = entry.durable.load(std::memory_order_acquire);
    if (id == 0 || byte == 0 || entry.durable_id.load(std::memory_order_acquire) != id) continue;
    const bool standing_by = entry.standing_by.load(std::memory_order_acquire) != 0;
    if (!registry.alive(entry.owner.load(std::memory_order_acquire))) continue;
    Members& of_name = members[byte];
    if (standing_by)
      ++of_name.standing_by;
    else
      of_name.holder = id;
  }
  return members;
}

/// Events above a number that only the journal has, from before the machine started anew: between its last one and the first
/// one in this memory lies a gap of numbers. Without the right to read it, 0: they are not known.
std::uint64_t events_before_memory(const registry::Registry& registry, const TopicInfo& topic,
                                   std::uint64_t acknowledged) {
  std::uint64_t events = 0;
  try {
    JournalFiles journal(registry.recorded().journals, registry.bus().text(), topic.name, registry.owners());
    for (const JournalFile& file : journal.info().files) {
      const std::uint64_t last = std::min(file.last, topic.first_sequence - 1);
      const std::uint64_t before = std::max(file.first - 1, acknowledged);
      // More numbers than the file has room for are a gap: the file begins with it.
      constexpr std::uint64_t kSmallestRecord = 24;
      if (last > before && last - before <= file.bytes / kSmallestRecord) events += last - before;
    }
  } catch (const Error&) {
  }
  return events;
}

DurableTopicSnapshot read_topic(const registry::Registry& registry, const base::DurableName& name,
                                const base::TopicName& topic_name, const TopicSnapshot& topic) {
  DurableTopicSnapshot shown;
  shown.topic = topic.info.name;
  shown.published = topic.published;
  shown.problem = topic.problem;
  try {
    const bool journaled = topic.journal.has_value();
    const auto place = journaled ? durable::journal_cursor_place(registry, topic_name, name)
                                 : durable::cursor_place(registry.bus(), {topic_name, name, topic.info.id});
    const auto owner = journaled
                           ? durable::journal_cursor_owner(topic_name, name)
                           : durable::CursorOwner{registry.recorded().incarnation, topic.info.id, name, topic_name};
    const auto cursor = durable::CursorFile::open(place, owner, platform::Access::read_only, registry.owners());
    if (cursor) shown.acknowledged = cursor->acknowledged();
  } catch (const Error& error) {
    shown.problem = error.what();
  }
  if (!shown.problem.empty() || shown.published <= shown.acknowledged) return shown;
  const bool before_memory = topic.journal && shown.acknowledged + 1 < topic.info.first_sequence;
  shown.behind = shown.published - shown.acknowledged;
  if (before_memory) {
    shown.behind = shown.published + 1 - std::min(shown.published + 1, topic.info.first_sequence) +
                   events_before_memory(registry, topic.info, shown.acknowledged);
  }
  const bool journaled = topic.journal && topic.journal->first_held != 0;
  const std::uint64_t oldest = journaled           ? topic.journal->first_held
                               : topic.oldest != 0 ? topic.oldest
                                                   : shown.published + 1;
  if (oldest > shown.acknowledged + 1) shown.dropped = oldest - shown.acknowledged - 1;
  return shown;
}

}  // namespace

std::vector<DurableSnapshot> read_durables(const registry::Registry& registry, const BusSnapshot& bus) {
  std::vector<DurableSnapshot> durables;
  const auto members = read_members(registry);
  for (const base::DurableName& name : durable::list_names(registry.bus())) {
    DurableSnapshot shown;
    shown.name = name.text();
    const std::uint64_t byte = durable::name_lock_byte(name);
    shown.held = durable::name_held(registry, byte);
    if (const auto found = members.find(byte); found != members.end()) {
      shown.standing_by = found->second.standing_by;
      const auto holder = std::find_if(bus.subscriptions.begin(), bus.subscriptions.end(),
                                       [&](const auto& s) { return s.id == found->second.holder; });
      if (shown.held && holder != bus.subscriptions.end()) {
        shown.node = holder->node;
        shown.pid = holder->pid;
        shown.program = holder->program;
        shown.state = holder->state;
      }
    }
    try {
      const auto record = durable::DurableRecord::open(registry, name, platform::Access::read_only);
      if (!record) continue;  // of an earlier bus, or forgotten in the meantime
      shown.pattern = record->pattern();
      shown.created = Time{std::chrono::nanoseconds{record->created_ns()}};
    } catch (const Error& error) {
      shown.problem = error.what();
    }
    for (const TopicSnapshot& topic : bus.topics) {
      const auto topic_name = base::TopicName::parse(topic.info.name);
      if (!topic_name || !base::covers(shown.pattern, topic.info.name)) continue;
      DurableTopicSnapshot& in_topic = shown.topics.emplace_back(read_topic(registry, name, *topic_name, topic));
      shown.behind += in_topic.behind;
      shown.dropped += in_topic.dropped;
    }
    durables.push_back(std::move(shown));
  }
  return durables;
}

}  // namespace shmbus::detail
