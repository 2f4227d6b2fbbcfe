#include "chosen_group.hpp"

#include <fmt/format.h>

#include "shmbus/error.hpp"
#include "suggestion.hpp"

namespace shmbus::tool {

const GroupSnapshot& find_group(const std::vector<GroupSnapshot>& groups, const std::string& bus,
                                const std::string& topic, const std::string& group) {
  std::vector<std::string> names;
  std::string list;
  for (const GroupSnapshot& g : groups) {
    if (g.topic == topic && g.group == group) return g;
    names.push_back(g.topic == topic ? g.group : g.topic + " " + g.group);
    list += (list.empty() ? "" : ", ") + g.topic + " " + g.group;
  }
  throw Error(ErrorCode::not_found,
              {fmt::format("group '{}' of topic '{}' of bus '{}'", group, topic, bus), "", "does not exist",
               names.empty() ? "there are none" : "groups here: " + list + suggestion(group, names)});
}

}  // namespace shmbus::tool
