#pragma once

#include "model/watch.hpp"
#include "options.hpp"

namespace shmbus::top {

/// Prints snapshot after snapshot on standard output. Returns the exit status: 1 if the bus was removed meanwhile, or a part
/// of it can't be read.
int run_batch(Watch& watch, const Options& options);

}  // namespace shmbus::top
