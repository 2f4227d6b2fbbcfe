#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/bus_name.hpp"
#include "base/group_name.hpp"
#include "base/topic_name.hpp"
#include "platform/placed_file.hpp"
#include "registry/registry.hpp"

// Where the files of groups lie: in shared memory, or beside the journal of their topic, in
// `<journals>/<bus>/<topic>/groups/<group>`.
namespace shmbus::group {

/// Returns the place of a group of a topic without a journal.
platform::FilePlace shared_group_place(const base::BusName& bus, const base::GroupFileName& group);
/// Returns the place of a group of a topic with a journal. The folder is made when it is opened first.
platform::FilePlace journal_group_place(const registry::Registry& registry, const base::TopicName& topic,
                                        const base::GroupName& group);

/// Returns the groups of topics without a journal that have a file, by name. Lists /dev/shm.
std::vector<base::GroupFileName> shared_groups(const base::BusName& bus);
/// Returns the groups that have a file beside the journal of a topic, sorted. *Throws* Error.
std::vector<base::GroupName> journal_groups(const registry::Registry& registry, const base::TopicName& topic);

/// Returns the files in shared memory of groups whose topic does not exist any more. `exists` says whether a topic with this
/// name and id exists; where that is not known, it returns true. No other file ever has such a name, which bears the
/// topic's id.
std::vector<std::string> useless_group_files(const base::BusName& bus,
                                             const std::function<bool(const base::TopicName&, std::uint64_t)>& exists);

}  // namespace shmbus::group
