#include "unreadable.hpp"

#include <fmt/format.h>

#include <vector>

#include "shmbus/error.hpp"
#include "standard_error.hpp"

namespace shmbus::tool {

int drop_unreadable(BusSnapshot& bus) {
  int status = 0;
  if (bus.removed) {
    complain(fmt::format("bus '{}': removed; look again for a new one of that name", bus.name));
    status = 1;
  }
  std::erase_if(bus.topics, [&](const TopicSnapshot& topic) {
    if (topic.problem.empty()) return false;
    complain(topic.problem);
    status = 1;
    return true;
  });
  return status;
}

const TopicSnapshot& find_topic(const BusSnapshot& bus, std::string_view name) {
  for (const TopicSnapshot& topic : bus.topics) {
    if (topic.info.name != name) continue;
    if (topic.problem.empty()) return topic;
    throw Error(ErrorCode::corrupt, {.object = topic.problem, .expected = {}, .found = {}, .remedy = {}});
  }
  throw Error(ErrorCode::not_found, {.object = fmt::format("topic '{}' on bus '{}'", name, bus.name),
                                     .expected = "to exist",
                                     .found = "no such topic",
                                     .remedy = "shmbus ls lists what there is"});
}

}  // namespace shmbus::tool
