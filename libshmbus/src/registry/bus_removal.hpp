#pragma once

#include <optional>
#include <string>

#include "platform/locked_byte.hpp"
#include "platform/segment_file.hpp"
#include "platform/segment_name.hpp"
#include "registry/registry.hpp"

namespace shmbus::registry {

/// Unlinks all that bears the bus's name, and tells its members. False where nothing does. Throws Error.
bool remove_bus(const std::string& bus);

/// As long as the result lives, the bus's name leads to this registry, so that no segment of that name is another
/// bus's. Nothing where the bus was removed. Throws Error: a remover stopped.
std::optional<platform::LockedByte> hold_name(const Registry& registry, platform::Lock lock);

/// Unlinks the segments of a topic that was created while its bus was removed, if they still bear their names. Throws
/// Error.
void withdraw_topic(const std::string& bus, const std::string& topic, const platform::SegmentName& control,
                    const std::string& log_name);

}  // namespace shmbus::registry
