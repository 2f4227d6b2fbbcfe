#pragma once

#include <nlohmann/json.hpp>

#include "shmbus/snapshot.hpp"
#include "shmbus/topic_info.hpp"

namespace shmbus::tool {

/// A topic's journal with all that a snapshot holds of it, times in nanoseconds; null for a topic without one.
nlohmann::ordered_json journal_json(const TopicSnapshot& topic);

/// What a topic demands of its journal.
nlohmann::ordered_json journal_policy_json(const TopicInfo& topic);

}  // namespace shmbus::tool
