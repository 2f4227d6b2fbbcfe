#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "shmbus/inspector.hpp"
#include "table.hpp"

namespace shmbus::tool {

/// Rows of ports, for people.
class PortTables {
 public:
  PortTables();
  void add(const TopicSnapshot& topic);
  /// A row for each topic that the subscription could not attach; of the named topic alone, unless that is empty.
  void add(const SubscriptionSnapshot& subscription, std::string_view topic);
  /// The publishers, the subscribers, then those that could not attach a topic; an empty line between the tables.
  std::string text() const;

 private:
  Table publishers_;
  Table subscribers_;
  Table unattached_;
};

// All there is to tell of a port, times in nanoseconds.
nlohmann::ordered_json port_json(const TopicSnapshot& topic, const PublisherSnapshot& publisher);
nlohmann::ordered_json port_json(const TopicSnapshot& topic, const SubscriberSnapshot& subscriber);

nlohmann::ordered_json unattached_json(const SubscriptionSnapshot& subscription, const UnattachedSnapshot& topic);

/// Null where no latency was sampled.
nlohmann::ordered_json latency_json(const Latency& latency);

/// "program", or "name (program)" where a subscriber has a name of its own.
std::string process_text(const std::string& name, const std::string& program);

/// "lossy", "reliable" or "demoted".
const char* mode_text(const SubscriberSnapshot& subscriber) noexcept;

/// "p50 / p99 / p99.9"; "-" where no latency was sampled.
std::string latency_text(const Latency& latency);

}  // namespace shmbus::tool
