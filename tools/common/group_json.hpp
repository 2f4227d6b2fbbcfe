#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "shmbus/group_snapshot.hpp"

namespace shmbus::tool {

/// A group with its members, times in nanoseconds.
nlohmann::ordered_json group_json(const GroupSnapshot& group);
nlohmann::ordered_json group_event_json(const GroupEventSnapshot& event);

}  // namespace shmbus::tool
