#include "topic_infos.hpp"

#include <utility>

#include "shmbus/error.hpp"

namespace shmbus::tool {

const TopicInfo& TopicInfos::of(const Event& event) {
  const auto known = infos_.find(event.topic());
  // A topic may be removed and created anew, and what it carries may be decided later.
  if (known != infos_.end() && known->second.id == event.id().topic && known->second.content != Content::undecided)
    return known->second;
  TopicInfo info;
  try {
    if (auto found = bus_->find_topic(event.topic()); found && found->id == event.id().topic) info = std::move(*found);
  } catch (const Error&) {
    // The topic was removed, or is damaged: its events are shown as bytes.
  }
  if (info.id == 0) {
    info.id = event.id().topic;
    info.content = Content::raw;
  }
  return infos_.insert_or_assign(std::string{event.topic()}, std::move(info)).first->second;
}

}  // namespace shmbus::tool
