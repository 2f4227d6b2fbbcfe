#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "bridge.hpp"
#include "group_port.hpp"
#include "shmbus/inspector.hpp"

namespace shmbus::tool {

// Everything a snapshot holds about a port, times in nanoseconds. `bridge` is the bridge's name, or null.
nlohmann::ordered_json port_json(const Bridges& bridges, const TopicSnapshot& topic, const PublisherSnapshot& publisher);
nlohmann::ordered_json port_json(const Bridges& bridges, const TopicSnapshot& topic, const SubscriberSnapshot& subscriber);

/// Of a group's port; `node` and `pid` are of the member's process that owns it now.
nlohmann::ordered_json port_json(const GroupPort& port);

/// A bridge's name as JSON; null for another process.
nlohmann::ordered_json bridge_json(const std::optional<std::string>& name);

nlohmann::ordered_json unattached_json(const SubscriptionSnapshot& subscription, const UnattachedSnapshot& topic);

/// Null if no latency was sampled.
nlohmann::ordered_json latency_json(const Latency& latency);

}  // namespace shmbus::tool
