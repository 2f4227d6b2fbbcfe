#include "registry/topic_removal.hpp"

#include "platform/mapping.hpp"
#include "platform/segment_file.hpp"
#include "registry/names.hpp"
#include "registry/trust.hpp"
#include "shmbus/layout/topic.hpp"

namespace shmbus::registry {

using platform::Access;
using platform::SegmentFile;

bool unlink_topic(const std::string& bus, const std::string& topic, const std::vector<uid_t>& owners) {
  const std::string object = "topic '" + topic + "'";
  const std::string name = control_name(bus, topic);
  const auto control = SegmentFile::open(name, Access::read_write, object);
  if (!control) return false;
  const platform::FileState state = control->state();
  check_owner(state, owners, object);
  if (state.size >= sizeof(layout::TopicHeader)) {  // a damaged one goes all the same, without a word to anybody
    const platform::Mapping mapping(*control, Access::read_write, 0, sizeof(layout::TopicHeader), object);
    auto& header = *reinterpret_cast<layout::TopicHeader*>(mapping.address());
    if (header.magic == layout::kTopicMagic) {
      header.attention.fetch_or(layout::kTopicRemoved, std::memory_order_seq_cst);
      SegmentFile::unlink(log_name(bus, topic, header.log_node), object);
    }
  }
  return SegmentFile::unlink(name, object);
}

}  // namespace shmbus::registry
