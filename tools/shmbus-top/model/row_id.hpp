#pragma once

#include <fmt/format.h>

#include <string>

#include "model/compared_snapshot.hpp"

// An id that distinguishes a row from all others of its bus, and is the same in the next snapshot.
namespace shmbus::top {

inline std::string row_id(const TopicSnapshot& topic) { return fmt::format("topic {}", topic.info.id); }
inline std::string row_id(const TopicSnapshot& topic, const SubscriberSnapshot& s) {
  return fmt::format("subscriber {} {} {}", topic.info.id, s.port, s.node);
}
inline std::string row_id(const TopicSnapshot& topic, const PublisherSnapshot& p) {
  return fmt::format("publisher {} {} {}", topic.info.id, p.port, p.node);
}
inline std::string row_id(const NodeSnapshot& node) { return fmt::format("node {}", node.id); }
inline std::string journal_row_id(const TopicSnapshot& topic) { return fmt::format("journal {}", topic.info.id); }
inline std::string row_id(const GroupSnapshot& group) { return fmt::format("group {} {}", group.topic, group.group); }
inline std::string row_id(const DurableSnapshot& durable) { return "durable " + durable.name; }

}  // namespace shmbus::top
