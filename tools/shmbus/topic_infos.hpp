#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "shmbus/bus.hpp"
#include "shmbus/inspector.hpp"

namespace shmbus::tool {

/// What topics carry, looked up once each, for printing their events.
class TopicInfos {
 public:
  explicit TopicInfos(Bus& bus);
  /// For a program that does not join the bus.
  explicit TopicInfos(Inspector& inspector);
  /// For the events of one topic.
  explicit TopicInfos(TopicInfo topic);

  /// Returns what the topic of an event carries; `id` is the topic's. If the topic was removed, returns the info of a topic of
  /// raw bytes.
  const TopicInfo& of(std::string_view topic, std::uint64_t id);

 private:
  std::function<std::optional<TopicInfo>(std::string_view)> find_;
  std::map<std::string, TopicInfo, std::less<>> infos_;
};

}  // namespace shmbus::tool
