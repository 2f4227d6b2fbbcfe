#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bus_name.hpp"
#include "base/topic_name.hpp"

namespace shmbus::topic {

/// Marks a topic as removed for its publishers, and unlinks its segments. Returns the id of the removed topic (0 where
/// it was too damaged to read); nothing where there is no such topic. *Throws* Error.
std::optional<std::uint64_t> unlink_topic(const base::BusName& bus, const base::TopicName& topic,
                                          const std::vector<uid_t>& owners);

/// Finishes removals whose process died. Returns how many. *Throws* Error.
unsigned finish_removals(const base::BusName& bus, const std::vector<uid_t>& owners);

}  // namespace shmbus::topic
