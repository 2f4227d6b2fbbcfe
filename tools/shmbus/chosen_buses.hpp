#pragma once

#include <vector>

#include "shmbus/leftover.hpp"
#include "verb.hpp"

namespace shmbus::tool {

/// The bus that --bus or SHMBUS_BUS names, else all of this machine. Throws Error where the named one has no file.
std::vector<BusFiles> chosen_buses(const ChosenBus& bus);

}  // namespace shmbus::tool
