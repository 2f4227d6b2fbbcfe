#pragma once

#include <string>

#include "options.hpp"

namespace shmbus::top {

/// Shows the bus on the terminal until the user quits; if `bus` is empty, first a list to choose one from. Returns the exit
/// status. Throws Error if a named bus can't be watched.
int run_screen(const std::string& bus, const Options& options);

}  // namespace shmbus::top
