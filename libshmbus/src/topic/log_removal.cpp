#include "topic/log_removal.hpp"

#include <cstddef>
#include <cstring>

#include "layout/segment_checks.hpp"
#include "layout/topic.hpp"
#include "shmbus/error.hpp"

namespace shmbus::topic {

using layout::TopicHeader;
using platform::Access;
using platform::FileState;
using platform::SegmentFile;

namespace {

/// Whether another control segment has the topic's file name, and the log may belong to that one.
bool named_by_another(const base::BusName& bus, const base::TopicName& topic, const ControlName& named,
                      const SegmentFile& control, const FileState& log) {
  const std::string file = bus.control_file(topic);
  const auto state = SegmentFile::state_of(file);
  if (!state || !belong_together(*state, log)) return false;
  try {
    const auto other = SegmentFile::open(file, Access::read_only, topic.object());
    if (!other || other->is_same(control)) return false;
    const auto its = read_control_name(*other);
    return !its || (its->log_node == named.log_node && its->id == named.id);  // a damaged one may own any log
  } catch (const Error&) {
    return true;  // it can't be read, so it may own the log
  }
}

}  // namespace

std::optional<ControlName> read_control_name(const SegmentFile& control) {
  char head[offsetof(TopicHeader, type_owner)];
  if (control.read(0, head, sizeof head) != sizeof head) return std::nullopt;
  const auto word = [&](std::size_t offset) {
    std::uint64_t value = 0;
    std::memcpy(&value, head + offset, sizeof value);
    return value;
  };
  if (word(offsetof(TopicHeader, magic)) != layout::kTopicMagic) return std::nullopt;
  const char* const name = head + offsetof(TopicHeader, name);
  return ControlName{base::TopicName::parse({name, ::strnlen(name, sizeof TopicHeader::name)}),
                     word(offsetof(TopicHeader, id)), word(offsetof(TopicHeader, log_node))};
}

bool belong_together(const FileState& control, const FileState& log) noexcept {
  return control.regular && log.regular && control.owner == log.owner && control.group == log.group &&
         control.mode == layout::control_mode(log.mode);
}

bool unlink_log(const base::BusName& bus, const ControlName& named, const SegmentFile& control) {
  if (!named.topic) return false;
  const std::string file = bus.log_file(*named.topic, named.log_node, named.id);
  const auto log = SegmentFile::state_of(file);
  if (!log || !belong_together(control.state(), *log) || named_by_another(bus, *named.topic, named, control, *log))
    return false;
  return SegmentFile::unlink(file, named.topic->object() + ", its log");
}

}  // namespace shmbus::topic
