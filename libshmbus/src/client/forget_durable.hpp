#pragma once

#include "base/durable_name.hpp"
#include "client/bus_core.hpp"

namespace shmbus::detail {

/// Removes a durable name and its cursors. Returns false where there is no such name. *Throws* Error, `busy` where a
/// subscriber holds it.
bool forget_durable(BusCore& bus, const base::DurableName& name);

}  // namespace shmbus::detail
