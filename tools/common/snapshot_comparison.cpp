#include "snapshot_comparison.hpp"

#include <algorithm>

namespace shmbus::tool {

const TopicSnapshot* same_topic(const BusSnapshot& before, const TopicSnapshot& topic) {
  // A snapshot's topics are in the order of their names.
  auto t = std::lower_bound(before.topics.begin(), before.topics.end(), topic.info.name,
                            [](const TopicSnapshot& a, const std::string& name) { return a.info.name < name; });
  for (; t != before.topics.end() && t->info.name == topic.info.name; ++t) {
    if (t->info.id == topic.info.id && t->problem.empty()) return &*t;
  }
  return nullptr;
}

}  // namespace shmbus::tool
