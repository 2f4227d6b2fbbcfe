#pragma once

#include <string>

#include "base/bus_name.hpp"
#include "base/topic_name.hpp"
#include "platform/segment_name.hpp"

namespace shmbus::detail {

/// Unlinks every segment of a bus, and marks it removed for its members. Returns false where there is none. *Throws*
/// Error.
bool remove_bus(const base::BusName& bus);

/// Unlinks the segments of a topic that was created while its bus was removed, if they still have their names. *Throws*
/// Error.
void withdraw_topic(const base::BusName& bus, const base::TopicName& topic, const platform::SegmentName& control,
                    const std::string& log_name);

}  // namespace shmbus::detail
