#pragma once

#include <string>

#include "shmbus/lease.hpp"

namespace shmbus::tool {

/// Runs a command with sh, the payload of the lease's event on its standard input, and extends the lease meanwhile. Returns
/// whether it ended with status 0. *Throws* std::system_error where it can't be started.
bool run_leased(const std::string& command, Lease& lease);

}  // namespace shmbus::tool
