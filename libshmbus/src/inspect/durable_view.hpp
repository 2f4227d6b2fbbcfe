#pragma once

#include <vector>

#include "registry/registry.hpp"
#include "shmbus/durable_snapshot.hpp"

namespace shmbus::detail {

/// Reads the durable names of a bus, by name. `bus` is its snapshot. Takes no lock, and writes nothing.
std::vector<DurableSnapshot> read_durables(const registry::Registry& registry, const BusSnapshot& bus);

}  // namespace shmbus::detail
