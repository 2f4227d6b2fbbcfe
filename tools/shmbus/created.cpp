#include "created.hpp"

#include <algorithm>
#include <exception>

#include "shmbus/error.hpp"
#include "shmbus/inspector.hpp"

namespace shmbus::tool {

Created::Created(const std::string& bus, const std::string& topic) : topic_(topic) {
  try {
    const BusSnapshot before = Inspector{bus}.snapshot();
    bus_is_new_ = before.removed;
    topic_is_new_ = bus_is_new_ || std::none_of(before.topics.begin(), before.topics.end(),
                                                [&](const TopicSnapshot& t) { return t.info.name == topic; });
  } catch (const Error& error) {
    // A bus or topic that can't be read exists: opening it will report what is wrong.
    bus_is_new_ = topic_is_new_ = error.code() == ErrorCode::not_found;
  }
}

void Created::take_back(Bus& bus) noexcept {
  if (!topic_is_new_) return;
  try {
    const std::string name{bus.name()};
    const auto others = [&](const auto& list) {
      return std::any_of(list.begin(), list.end(), [&](const auto& port) { return port.node != bus.node(); });
    };
    for (const TopicSnapshot& topic : Inspector{name}.snapshot().topics) {
      if (topic.info.name == topic_ && topic.published == 0 && !others(topic.publishers)) bus.remove_topic(topic_);
    }
    if (!bus_is_new_) return;
    const BusSnapshot now = Inspector{name}.snapshot();
    const bool alone = std::none_of(now.nodes.begin(), now.nodes.end(),
                                    [&](const NodeSnapshot& node) { return node.id != bus.node(); });
    if (alone && now.topics.empty()) Bus::remove(name);
  } catch (const std::exception&) {
    // Cleaning up is optional: the caller reports the error that led here.
  }
}

}  // namespace shmbus::tool
