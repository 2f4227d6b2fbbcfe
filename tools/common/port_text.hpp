#pragma once

#include <string>

#include "shmbus/inspector.hpp"

namespace shmbus::tool {

/// "program", or "name (program)" if a subscriber has a name of its own. "name" if that is also the program's name, which
/// the system may have cut.
std::string process_text(const std::string& name, const std::string& program);

/// Whether this port is that of the process that records the topic.
bool is_recorder(const TopicSnapshot& topic, const SubscriberSnapshot& subscriber) noexcept;

/// The state, and whether it reads from the journal: "spinning, in journal".
std::string subscriber_state_text(const SubscriberSnapshot& subscriber);

/// "lossy", "reliable" or "demoted".
const char* mode_text(const SubscriberSnapshot& subscriber) noexcept;

/// "p50 / p99 / p99.9", or "-" if no latency was sampled.
std::string latency_text(const Latency& latency);

}  // namespace shmbus::tool
