#pragma once

#include <string>
#include <vector>

#include "shmbus/group_snapshot.hpp"

namespace shmbus::tool {

/// Returns the group of this topic and name. *Throws* Error, `not_found`, which names those that exist.
const GroupSnapshot& find_group(const std::vector<GroupSnapshot>& groups, const std::string& bus,
                                const std::string& topic, const std::string& group);

}  // namespace shmbus::tool
