#pragma once

#include <nlohmann/json.hpp>

#include "shmbus/durable_snapshot.hpp"

namespace shmbus::tool {

/// A durable name with its holder, and how far it has come in each topic.
nlohmann::ordered_json durable_json(const DurableSnapshot& durable);

}  // namespace shmbus::tool
