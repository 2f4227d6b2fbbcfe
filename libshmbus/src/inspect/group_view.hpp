#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "registry/registry.hpp"
#include "shmbus/group_snapshot.hpp"

namespace shmbus::detail {

/// Reads the groups of a bus, by topic and name. `bus` is its snapshot. Copies their files, and writes nothing.
std::vector<GroupSnapshot> read_groups(const registry::Registry& registry, const BusSnapshot& bus);

/// Reads the first `most` events of a group that are not settled. Empty where there is no such group. *Throws* Error.
std::vector<GroupEventSnapshot> read_group_events(const registry::Registry& registry, const BusSnapshot& bus,
                                                  std::string_view topic, std::string_view group, std::size_t most);

}  // namespace shmbus::detail
