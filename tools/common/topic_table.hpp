#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "shmbus/inspector.hpp"

namespace shmbus::tool {

/// How many sequence numbers the ring still holds.
std::uint64_t retained(const TopicSnapshot& topic);

/// Columns under a heading, numbers to the right; empty where there is no topic.
std::string topic_table(std::span<const TopicSnapshot> topics);

/// One JSON object and a newline.
/// What a topic carries: the type's name, "raw bytes", or "nothing yet".
std::string content_text(const TopicInfo& info);

std::string topic_json(const TopicSnapshot& topic);

}  // namespace shmbus::tool
