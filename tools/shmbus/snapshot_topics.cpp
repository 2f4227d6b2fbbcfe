#include "snapshot_topics.hpp"

#include <fmt/format.h>

#include "shmbus/error.hpp"
#include "shmbus/pattern.hpp"
#include "standard_error.hpp"
#include "suggestion.hpp"

namespace shmbus::tool {
namespace {

[[noreturn]] void refuse(const BusSnapshot& bus, std::string_view pattern) {
  std::vector<std::string> names;
  for (const TopicSnapshot& topic : bus.topics) names.push_back(topic.info.name);
  throw Error(ErrorCode::not_found,
              {.object = fmt::format("bus '{}':", bus.name),
               .expected = {},
               .found = fmt::format("no topic matches '{}'{}", pattern, suggestion(pattern, names)),
               .remedy = names.empty() ? "it has no topics yet" : "shmbus ls lists its topics"});
}

}  // namespace

int drop_unreadable(BusSnapshot& bus) {
  int status = 0;
  if (bus.removed) {
    complain(fmt::format("bus '{}' was removed; look again for a new one of that name", bus.name));
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
  refuse(bus, name);
}

void keep_matching(BusSnapshot& bus, const std::string& pattern) {
  std::vector<TopicSnapshot> all = std::move(bus.topics);
  bus.topics.clear();
  for (const TopicSnapshot& topic : all) {
    if (matches(pattern, topic.info.name)) bus.topics.push_back(topic);
  }
  if (!bus.topics.empty()) return;
  matches(pattern, "a");  // throws if the pattern is invalid, also if there is no topic to compare
  bus.topics = std::move(all);
  refuse(bus, pattern);
}

}  // namespace shmbus::tool
