#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "shmbus/inspector.hpp"

// Topics of a snapshot, chosen by name or pattern.
namespace shmbus::tool {

/// Removes from a snapshot the topics that can't be read, and reports each on standard error. Returns the exit status so
/// far: 1 if there were any, or if the bus was removed meanwhile.
int drop_unreadable(BusSnapshot& bus);

/// Returns the topic of a name. Throws Error: `not_found`, or `corrupt` if it can't be read.
const TopicSnapshot& find_topic(const BusSnapshot& bus, std::string_view topic);

/// Keeps the topics that match. Throws Error: `not_found` if none does, `invalid_name` if the pattern is invalid.
void keep_matching(BusSnapshot& bus, const std::string& pattern);

}  // namespace shmbus::tool
