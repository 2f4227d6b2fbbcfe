#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "link.hpp"

namespace shmbus::bridge {

// Our durable push consumer on another bridge's stream. All functions throw NatsError.

/// Where a consumer begins: at a message, or at a time (ns since 1970) where `sequence` is 0.
struct ConsumerStart {
  std::uint64_t sequence = 0;
  std::int64_t time = 0;
};

/// The names of all bridges that have a stream on the server.
std::vector<std::string> bridges_with_streams(Link& link);

/// The last message up to which a consumer has acknowledged all; nothing where there is no such consumer.
std::optional<std::uint64_t> acknowledged_by(Link& link, const std::string& stream, const std::string& consumer);
/// Deletes it, if it is there.
void remove_consumer(Link& link, const std::string& stream, const std::string& consumer);
/// Makes it. It delivers nothing before it is attached.
void add_consumer(Link& link, const std::string& stream, const std::string& consumer, const std::string& filter,
                  const ConsumerStart& start);
}  // namespace shmbus::bridge
