#pragma once

#include <functional>
#include <map>
#include <string>

#include "shmbus/bus.hpp"

namespace shmbus::tool {

/// What topics carry, looked up once each, for printing their events.
class TopicInfos {
 public:
  explicit TopicInfos(Bus& bus) : bus_(&bus) {}

  /// Returns what the event's topic carries. If the topic was removed, returns the info of a topic of raw bytes.
  const TopicInfo& of(const Event& event);

 private:
  Bus* bus_;
  std::map<std::string, TopicInfo, std::less<>> infos_;
};

}  // namespace shmbus::tool
