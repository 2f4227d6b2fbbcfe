#pragma once

#include <cstdint>

#include "registry/registry.hpp"

namespace shmbus::registry {

/// Returns the pid of a node's process; 0 where the node is not listed, or in another pid namespace. The pid may be another
/// process's by now, unless the node is alive after this returned.
std::int32_t process_of(const Registry& registry, std::uint64_t node) noexcept;

}  // namespace shmbus::registry
