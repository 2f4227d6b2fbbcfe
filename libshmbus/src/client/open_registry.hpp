#pragma once

#include <memory>

#include "base/bus_name.hpp"
#include "registry/registry.hpp"

namespace shmbus::detail {

/// Creates a bus, unless the options say otherwise, or attaches to it. *Throws* Error.
std::shared_ptr<registry::Registry> open_registry(const base::BusName& bus, const BusOptions& options);

}  // namespace shmbus::detail
