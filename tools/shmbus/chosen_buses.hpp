#pragma once

#include <vector>

#include "shmbus/leftover.hpp"
#include "verb.hpp"

namespace shmbus::tool {

/// The bus that --bus or SHMBUS_BUS names, otherwise all buses of this machine. Throws Error if the named bus has no file.
std::vector<BusFiles> chosen_buses(const ChosenBus& bus);

}  // namespace shmbus::tool
