#include "settled_event.hpp"

#include <algorithm>

#include "message_headers.hpp"
#include "shmbus/inspector.hpp"

namespace shmbus::bridge {

Settled find_settled(const std::string& bus, const std::vector<uid_t>& owners, const StateFile::Pending& pending) {
  Inspector inspector(bus, owners);
  for (const TopicSnapshot& topic : inspector.snapshot().topics) {
    if (topic.info.id != pending.topic) continue;
    const bool all_retained = topic.opened_blocks < topic.info.blocks;
    if (topic.oldest > pending.sequence) return all_retained ? Settled::not_published : Settled::unknown;
    EventReader reader =
        inspector.read(topic.info.name, Start::sequence(pending.sequence), {.max_payload = 0, .retained_only = true});
    const EventSnapshot* event = reader.next();
    if (event != nullptr && event->sequence == pending.sequence) {
      const std::string id = pending.source.to_string();
      const bool same = std::any_of(event->headers.begin(), event->headers.end(), [&](const HeaderSnapshot& one) {
        return one.name == header::id && one.value == id;
      });
      return same ? Settled::published : Settled::not_published;
    }
    return reader.lost() != 0 ? Settled::unknown : Settled::not_published;
  }
  return Settled::unknown;  // the topic was removed
}

}  // namespace shmbus::bridge
