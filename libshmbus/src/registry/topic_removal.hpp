#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace shmbus::registry {

/// Tells a topic's publishers that it is gone, and unlinks its segments. False where there is none. Throws Error.
bool unlink_topic(const std::string& bus, const std::string& topic, const std::vector<uid_t>& owners);

}  // namespace shmbus::registry
