#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bus_name.hpp"
#include "base/topic_name.hpp"

namespace shmbus::topic {

/// Tells a topic's publishers that it is gone, and unlinks its segments. The id of what was removed (0 where it was too
/// damaged to tell); nothing where there is no such topic. Throws Error.
std::optional<std::uint64_t> unlink_topic(const base::BusName& bus, const base::TopicName& topic,
                                          const std::vector<uid_t>& owners);

/// Goes on with removals whose remover died; how many. Throws Error.
unsigned finish_removals(const base::BusName& bus, const std::vector<uid_t>& owners);

}  // namespace shmbus::topic
