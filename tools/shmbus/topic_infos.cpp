#include "topic_infos.hpp"

#include <utility>

#include "shmbus/error.hpp"

namespace shmbus::tool {

TopicInfos::TopicInfos(Bus& bus) : find_([&bus](std::string_view topic) { return bus.find_topic(topic); }) {}

TopicInfos::TopicInfos(Inspector& inspector)
    : find_([&inspector](std::string_view name) -> std::optional<TopicInfo> {
        for (TopicSnapshot& topic : inspector.snapshot().topics) {
          if (topic.info.name == name) return std::move(topic.info);
        }
        return std::nullopt;
      }) {}

TopicInfos::TopicInfos(TopicInfo topic)
    : find_([topic = std::move(topic)](std::string_view name) -> std::optional<TopicInfo> {
        if (topic.name != name) return std::nullopt;
        return topic;
      }) {}

const TopicInfo& TopicInfos::of(std::string_view topic, std::uint64_t id) {
  const auto known = infos_.find(topic);
  // A topic may be removed and created anew, and what it carries may be decided later.
  if (known != infos_.end() && known->second.id == id && known->second.content != Content::undecided)
    return known->second;
  TopicInfo info;
  try {
    if (auto found = find_(topic); found && found->id == id) info = std::move(*found);
  } catch (const Error&) {
    // The topic was removed, or is damaged: its events are shown as bytes.
  }
  if (info.id == 0) {
    info.id = id;
    info.content = Content::raw;
  }
  return infos_.insert_or_assign(std::string{topic}, std::move(info)).first->second;
}

}  // namespace shmbus::tool
