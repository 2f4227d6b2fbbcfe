#pragma once

#include <functional>
#include <map>
#include <string>

#include "shmbus/bus.hpp"

namespace shmbus::tool {

/// What topics carry, looked up once each, for those who print their events.
class TopicInfos {
 public:
  explicit TopicInfos(Bus& bus) : bus_(&bus) {}

  /// Of the event's topic. Where it was removed, what an event of raw bytes would have.
  const TopicInfo& of(const Event& event);

 private:
  Bus* bus_;
  std::map<std::string, TopicInfo, std::less<>> infos_;
};

}  // namespace shmbus::tool
