#pragma once

#include <string>

#include "platform/segment_name.hpp"

namespace shmbus::detail {

/// Unlinks every segment of a bus, and marks it removed for its members. Returns false where there is none. *Throws*
/// Error.
bool remove_bus(const std::string& bus);

/// Unlinks the segments of a topic that was created while its bus was removed, if they still bear their names. *Throws*
/// Error.
void withdraw_topic(const std::string& bus, const std::string& topic, const platform::SegmentName& control,
                    const std::string& log_name);

}  // namespace shmbus::detail
