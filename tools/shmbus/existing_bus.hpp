#pragma once

#include <string>

#include "shmbus/bus.hpp"

namespace shmbus::tool {

/// Joins a bus that exists: `Bus::open` alone would create it. Throws Error, `not_found`.
Bus open_existing(const std::string& bus);

}  // namespace shmbus::tool
