#include "registry/topic_removal.hpp"

#include "platform/mapping.hpp"
#include "platform/random.hpp"
#include "platform/segment_file.hpp"
#include "registry/names.hpp"
#include "registry/trust.hpp"
#include "shmbus/error.hpp"
#include "shmbus/layout/topic.hpp"
#include "shmbus/platform/crash_point.hpp"

namespace shmbus::registry {

using platform::Access;
using platform::SegmentFile;

namespace {

/// Of a control segment that bears a removed topic's name: marks it, and unlinks its log and itself.
std::uint64_t finish_removal(const std::string& bus, const std::string& removed, const std::vector<uid_t>& owners) {
  const std::string object = "removed topic '" + removed + "'";
  std::uint64_t id = 0;
  const auto control = SegmentFile::open(removed, Access::read_write, object);
  if (!control) return id;  // somebody else has finished it
  const platform::FileState state = control->state();
  check_owner(state, owners, object);
  if (state.size >= sizeof(layout::TopicHeader)) {  // a damaged one goes all the same, without a word to anybody
    const platform::Mapping mapping(*control, Access::read_write, 0, sizeof(layout::TopicHeader), object);
    auto& header = *reinterpret_cast<layout::TopicHeader*>(mapping.address());
    if (header.magic == layout::kTopicMagic) {
      id = header.id;
      header.attention.fetch_or(layout::kTopicRemoved, std::memory_order_seq_cst);
      SHMBUS_CRASH_POINT("remove.marked");
      const std::string topic = header.name.load();
      if (is_topic_name(topic)) SegmentFile::unlink(log_name(bus, topic, header.log_node, header.id), object);
    }
  }
  SHMBUS_CRASH_POINT("remove.log_unlinked");
  SegmentFile::unlink(removed, object);
  SHMBUS_CRASH_POINT("remove.unlinked");
  return id;
}

/// Whether a control segment was made under another topic's name, and a hard link leads to it.
bool made_as_another(const std::string& name, const std::string& topic, const std::string& object) {
  const auto control = SegmentFile::open(name, Access::read_write, object);
  if (!control || control->state().size < sizeof(layout::TopicHeader)) return false;
  const platform::Mapping mapping(*control, Access::read_only, 0, sizeof(layout::TopicHeader), object);
  const auto& header = *reinterpret_cast<const layout::TopicHeader*>(mapping.address());
  return header.magic == layout::kTopicMagic && header.name.load() != topic;
}

}  // namespace

/// The rename is the removal: one remover gets one incarnation, and the name is free for the next.
std::optional<std::uint64_t> unlink_topic(const std::string& bus, const std::string& topic,
                                          const std::vector<uid_t>& owners) {
  const std::string object = topic_object(topic);
  const std::string name = control_name(bus, topic);
  const auto state = SegmentFile::state_of(name);
  if (!state) return std::nullopt;
  check_owner(*state, owners, object);
  if (made_as_another(name, topic, object)) {  // only the name goes
    SegmentFile::unlink(name, object);
    return 0;
  }
  const std::string removed = removed_name(bus, platform::random_u64());
  if (!SegmentFile::rename(name, removed, object)) return std::nullopt;
  SHMBUS_CRASH_POINT("remove.renamed");
  return finish_removal(bus, removed, owners);
}

unsigned finish_removals(const std::string& bus, const std::vector<uid_t>& owners) {
  unsigned finished = 0;
  for (const std::string& file : SegmentFile::list(bus_prefix(bus) + "~")) {
    try {
      finish_removal(bus, file, owners);
      ++finished;
    } catch (const Error&) {
      // Somebody else's: his to finish, if it is a removal at all.
    }
  }
  return finished;
}

}  // namespace shmbus::registry
