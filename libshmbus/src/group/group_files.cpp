#include "group/group_files.hpp"

#include <algorithm>
#include <utility>

#include "journal/disk_storage.hpp"
#include "journal/failure.hpp"
#include "journal/folder_place.hpp"
#include "platform/segment_file.hpp"

namespace shmbus::group {

namespace {

constexpr const char* kFolder = "groups";  // of a topic's journal

std::string object_of(const base::TopicName& topic, const base::GroupName& group) {
  return group.object() + " of " + topic.object();
}

std::vector<std::string> folder_of(const registry::Registry& registry, const base::TopicName& topic) {
  return {std::string(registry.bus().text()), topic.text(), kFolder};
}

journal::FileRights rights_of(const registry::Registry& registry) {
  return {registry.recorded().mode, {}, registry.owners()};
}

}  // namespace

platform::FilePlace shared_group_place(const base::BusName& bus, const base::GroupFileName& group) {
  return platform::shared_memory_place(bus.group_file(group), object_of(group.topic, group.group));
}

platform::FilePlace journal_group_place(const registry::Registry& registry, const base::TopicName& topic,
                                        const base::GroupName& group) {
  return journal::folder_place(registry.recorded().journals, folder_of(registry, topic), rights_of(registry),
                               group.text(), object_of(topic, group));
}

std::vector<base::GroupFileName> shared_groups(const base::BusName& bus) {
  std::vector<base::GroupFileName> groups;
  for (const std::string& file : platform::SegmentFile::list(bus.file_prefix())) {
    if (auto group = bus.parse_group_file(file)) groups.push_back(std::move(*group));
  }
  return groups;
}

std::vector<base::GroupName> journal_groups(const registry::Registry& registry, const base::TopicName& topic) {
  std::vector<base::GroupName> groups;
  if (registry.recorded().journals.empty()) return groups;
  const auto folder =
      journal::DiskStorage::open(registry.recorded().journals, folder_of(registry, topic), rights_of(registry));
  if (!folder) return groups;
  std::vector<std::string> names;
  const std::string object = "groups of " + topic.object();
  if (const int error = folder->list(names); error != 0)
    throw journal::storage_error(error, object, "the names in its folder");
  for (const std::string& name : names) {
    if (auto group = base::GroupName::parse(name)) groups.push_back(std::move(*group));
  }
  std::sort(groups.begin(), groups.end());
  return groups;
}

std::vector<std::string> useless_group_files(const base::BusName& bus,
                                             const std::function<bool(const base::TopicName&, std::uint64_t)>& exists) {
  std::vector<std::string> useless;
  for (const base::GroupFileName& group : shared_groups(bus)) {
    if (!exists(group.topic, group.id)) useless.push_back(bus.group_file(group));
  }
  return useless;
}

}  // namespace shmbus::group
