#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "shmbus/leftover.hpp"

namespace shmbus::tool {

/// The bus that --bus or SHMBUS_BUS names, else all of this machine. Throws Error where the named one has no file.
std::vector<BusFiles> chosen_buses(const CLI::App& program, const std::string& bus);

}  // namespace shmbus::tool
