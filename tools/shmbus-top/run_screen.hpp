#pragma once

#include "model/watch.hpp"
#include "options.hpp"

namespace shmbus::top {

/// Shows the bus on the terminal until somebody quits. The exit status.
int run_screen(Watch& watch, const Options& options);

}  // namespace shmbus::top
