#pragma once

#include <vector>

#include "registry/registry.hpp"
#include "shmbus/leftover.hpp"
#include "shmbus/snapshot.hpp"

namespace shmbus::detail {

/// Finds what dead nodes left behind: what `bus` shows of it, and files. Changes nothing.
std::vector<Leftover> find_leftovers(const registry::Registry& registry, const BusSnapshot& bus);

}  // namespace shmbus::detail
