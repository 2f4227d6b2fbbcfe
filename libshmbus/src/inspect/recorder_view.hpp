#pragma once

#include <map>
#include <string>
#include <vector>

#include "inspect/node_list.hpp"
#include "registry/bus_clock.hpp"
#include "shmbus/call_snapshot.hpp"

namespace shmbus::detail {

/// Copies all flight recorders of a bus, oldest first. Reads the files without mapping them, and disturbs nobody.
/// `topics` gives the names of topics by their ids.
std::vector<RecorderSnapshot> read_recorders(const registry::Registry& registry, NodeList& nodes,
                                             registry::BusClock& clock,
                                             const std::map<std::uint64_t, std::string>& topics);

}  // namespace shmbus::detail
