#pragma once

#include <optional>

#include "base/bus_name.hpp"
#include "platform/locked_byte.hpp"
#include "platform/segment_file.hpp"
#include "registry/registry.hpp"

namespace shmbus::registry {

/// Takes the lock that protects a bus's name. Returns nothing where the name no longer leads to `file`. *Throws* Error,
/// `busy`, where a removing process holds the lock for seconds.
///
/// A process unlinks a registry only while it holds this lock. So for as long as a process holds it, and the name leads
/// to this registry, no other bus of that name can exist, and all segments of that name belong to this bus or are
/// older.
///
/// No child inherits the lock, so it ends with its holder, even if another thread forks: a mapping holds it, and no
/// fork begins while there is a descriptor that shares it.
std::optional<platform::LockedByte> lock_bus_name(const platform::SegmentFile& file, const base::BusName& bus,
                                                  platform::Lock lock);
inline std::optional<platform::LockedByte> lock_bus_name(const Registry& registry, platform::Lock lock) {
  return lock_bus_name(registry.file(), registry.bus(), lock);
}

}  // namespace shmbus::registry
