#pragma once

#include "model/watch.hpp"
#include "options.hpp"

namespace shmbus::top {

/// Prints look after look on standard output. The exit status: 1 where the bus was removed meanwhile or part of it
/// can't be read.
int run_batch(Watch& watch, const Options& options);

}  // namespace shmbus::top
