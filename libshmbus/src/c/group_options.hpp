#pragma once

#include "shmbus/group_options.hpp"
#include "shmbus/shmbus.h"

namespace shmbus::c {

/// The result owns the context of the key function: it is released with the last copy, and where this throws. *Throws*
/// Error.
GroupOptions group_options(const shmbus_group_options* options);

}  // namespace shmbus::c
