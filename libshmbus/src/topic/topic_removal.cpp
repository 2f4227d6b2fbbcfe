#include "topic/topic_removal.hpp"

#include <sys/stat.h>

#include "layout/segment_checks.hpp"
#include "layout/topic.hpp"
#include "platform/mapping.hpp"
#include "platform/random.hpp"
#include "platform/segment_file.hpp"
#include "shmbus/detail/crash_point.hpp"
#include "shmbus/error.hpp"
#include "topic/log_removal.hpp"

namespace shmbus::topic {

using platform::Access;
using platform::SegmentFile;

namespace {

/// No control segment of a living topic has this mode. A segment with it has ended, and no log that it names is
/// unlinked.
constexpr unsigned kEndedMode = S_ISVTX | 0600;

/// Marks a removed topic, and unlinks its log.
void end_topic(const base::BusName& bus, const ControlName& named, const SegmentFile& control,
               const std::string& object, bool may_name_a_log) {
  const platform::Mapping mapping(control, Access::read_write, 0, sizeof(layout::TopicHeader), object);
  auto& header = *reinterpret_cast<layout::TopicHeader*>(mapping.address());
  header.words.attention.fetch_or(layout::kTopicRemoved, std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("remove.marked");
  if (may_name_a_log) unlink_log(bus, named, control);
}

/// Whether a control segment still has the file name of the topic that it names.
bool bears_its_name(const base::BusName& bus, const ControlName& named, const SegmentFile& control) {
  return named.topic && control.is_named(bus.control_file(*named.topic));
}

/// Unlinks a file that belongs to a removed topic, named with its id, which no other topic has. What another user made may
/// stay, as a leftover.
void unlink_part(const base::TopicName& topic, const std::string& file, const std::string& what) {
  try {
    SegmentFile::unlink(file, topic.object() + ", " + what);
  } catch (const Error&) {
    // Another user's.
  }
}

/// Unlinks the cursors that durable subscriptions have in a removed topic, and its groups.
void unlink_parts(const base::BusName& bus, const base::TopicName& topic, std::uint64_t id) {
  for (const std::string& file : SegmentFile::list(bus.cursor_prefix(topic))) {
    const auto cursor = bus.parse_cursor_file(file);
    if (!cursor || cursor->topic != topic || cursor->id != id) continue;
    unlink_part(topic, file, "a cursor in it");
    SHMBUS_CRASH_POINT("remove.cursor_unlinked");
  }
  for (const std::string& file : SegmentFile::list(bus.group_prefix(topic))) {
    const auto group = bus.parse_group_file(file);
    if (!group || group->topic != topic || group->id != id) continue;
    unlink_part(topic, file, "a group of it");
    SHMBUS_CRASH_POINT("remove.group_unlinked");
  }
}

/// Finishes a removal: marks the control segment that has the file name of a removed topic, and unlinks its log and
/// itself. `topic` is the name that this process renamed it from; null where another process renamed it. In that case
/// the file may also belong to a living topic, or to one removed long ago, and another user may have linked it to this
/// name so that the log it names gets unlinked. For such a file only the name is unlinked; a log left behind is removed
/// as an orphan.
std::uint64_t finish_removal(const base::BusName& bus, const std::string& removed, const base::TopicName* topic,
                             const std::vector<uid_t>& owners) {
  const std::string object = "removed topic '" + removed + "'";
  std::uint64_t id = 0;
  auto control = SegmentFile::open(removed, Access::read_write, object);
  if (!control) return id;  // another process has finished it
  const platform::FileState state = control->state();
  layout::check_owner(state, owners, object);
  const auto named = read_control_name(*control);  // a damaged one is removed, too, but not marked
  if (named && state.size >= sizeof(layout::TopicHeader) && !bears_its_name(bus, *named, *control)) {
    id = named->id;
    end_topic(bus, *named, *control, object, topic == nullptr ? state.links == 1 : named->topic == *topic);
  }
  SHMBUS_CRASH_POINT("remove.log_unlinked");
  if (topic != nullptr && id != 0) unlink_parts(bus, *topic, id);
  SegmentFile::unlink(removed, object);
  SHMBUS_CRASH_POINT("remove.unlinked");
  if (control->state().links != 0 && topic != nullptr) control->set_mode(kEndedMode);
  return id;
}

/// Whether a control segment was made under another topic's name, and a hard link gives it this one.
bool made_as_another(const std::string& name, const base::TopicName& topic, const std::string& object) {
  const auto control = SegmentFile::open(name, Access::read_write, object);
  const auto named = control ? read_control_name(*control) : std::nullopt;
  return named && named->topic != topic;
}

}  // namespace

/// The rename is the removal: exactly one process removes an incarnation, and the name is free for the next.
std::optional<std::uint64_t> unlink_topic(const base::BusName& bus, const base::TopicName& topic,
                                          const std::vector<uid_t>& owners) {
  const std::string object = topic.object();
  const std::string name = bus.control_file(topic);
  const auto state = SegmentFile::state_of(name);
  if (!state) return std::nullopt;
  layout::check_owner(*state, owners, object);
  if (made_as_another(name, topic, object)) {  // only unlink the name
    SegmentFile::unlink(name, object);
    return 0;
  }
  const std::string removed = bus.removed_file(platform::random_u64());
  if (!SegmentFile::rename(name, removed, object)) return std::nullopt;
  SHMBUS_CRASH_POINT("remove.renamed");
  return finish_removal(bus, removed, &topic, owners);
}

unsigned finish_removals(const base::BusName& bus, const std::vector<uid_t>& owners) {
  unsigned finished = 0;
  for (const std::string& file : SegmentFile::list(bus.removed_prefix())) {
    try {
      finish_removal(bus, file, nullptr, owners);
      ++finished;
    } catch (const Error&) {
      // Another user's file: its owner must finish it, if it is a removal.
    }
  }
  return finished;
}

}  // namespace shmbus::topic
