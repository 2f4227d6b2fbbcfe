#pragma once

#include <string>

#include "options.hpp"

namespace shmbus::top {

/// Shows the bus on the terminal until somebody quits; where `bus` is empty, first a list to choose one from. The exit
/// status. Throws Error where a bus that is named can't be watched.
int run_screen(const std::string& bus, const Options& options);

}  // namespace shmbus::top
