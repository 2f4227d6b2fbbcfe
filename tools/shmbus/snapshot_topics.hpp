#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "shmbus/inspector.hpp"

// Topics of a snapshot, as a person asks for them.
namespace shmbus::tool {

/// Takes topics out of a snapshot that can't be read, each with a line on standard error. The exit status so far: 1 if
/// there were any, or the bus was removed meanwhile.
int drop_unreadable(BusSnapshot& bus);

/// The topic of that name. Throws Error: `not_found`, or `corrupt` where it can't be read.
const TopicSnapshot& find_topic(const BusSnapshot& bus, std::string_view topic);

/// Keeps the topics that match. Throws Error: `not_found` where none does, `invalid_name` where that is no pattern.
void keep_matching(BusSnapshot& bus, const std::string& pattern);

}  // namespace shmbus::tool
