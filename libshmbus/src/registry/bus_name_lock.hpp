#pragma once

#include <optional>

#include "base/bus_name.hpp"
#include "platform/locked_byte.hpp"
#include "platform/segment_file.hpp"
#include "registry/registry.hpp"

namespace shmbus::registry {

/// Takes the lock under which a bus's name changes hands. Returns nothing where the name leads elsewhere than to `file`
/// by now. *Throws* Error, `busy`, where a remover holds it for seconds.
///
/// Whoever unlinks a registry holds this lock. So for as long as one process holds it and the name leads to this
/// registry, no other bus of that name can exist, and all segments of that name are this bus's, or older.
///
/// No child inherits it, so it ends with its holder, even where another thread forks: it is held by a mapping, and no
/// fork begins while there is a descriptor that shares it.
std::optional<platform::LockedByte> lock_bus_name(const platform::SegmentFile& file, const base::BusName& bus,
                                                  platform::Lock lock);
inline std::optional<platform::LockedByte> lock_bus_name(const Registry& registry, platform::Lock lock) {
  return lock_bus_name(registry.file(), registry.bus(), lock);
}

}  // namespace shmbus::registry
