#pragma once

#include <nlohmann/json.hpp>

#include "shmbus/inspector.hpp"

namespace shmbus::tool {

// Everything a snapshot holds about a port, times in nanoseconds.
nlohmann::ordered_json port_json(const TopicSnapshot& topic, const PublisherSnapshot& publisher);
nlohmann::ordered_json port_json(const TopicSnapshot& topic, const SubscriberSnapshot& subscriber);

nlohmann::ordered_json unattached_json(const SubscriptionSnapshot& subscription, const UnattachedSnapshot& topic);

/// Null if no latency was sampled.
nlohmann::ordered_json latency_json(const Latency& latency);

}  // namespace shmbus::tool
