#pragma once

#include <vector>

#include "registry/registry.hpp"
#include "shmbus/leftover.hpp"
#include "shmbus/snapshot.hpp"

namespace shmbus::detail {

/// What dead nodes left: as `bus` tells it, and files. Read only.
std::vector<Leftover> find_leftovers(const registry::Registry& registry, const BusSnapshot& bus);

}  // namespace shmbus::detail
