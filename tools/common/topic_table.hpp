#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "shmbus/inspector.hpp"

namespace shmbus::tool {

/// How many sequence numbers the ring still holds.
std::uint64_t retained(const TopicSnapshot& topic);

/// The oldest sequence number that the ring or the journal may hold; 0: none.
std::uint64_t oldest_held(const TopicSnapshot& topic);

/// Columns under a heading, numbers to the right; empty if there is no topic. `width` as in Table.
std::string topic_table(std::span<const TopicSnapshot> topics, std::size_t width = 0);

/// What a topic carries: the type's name, "raw bytes", or "nothing yet".
std::string content_text(const TopicInfo& info);

/// One JSON object and a newline.
std::string topic_json(const TopicSnapshot& topic);

}  // namespace shmbus::tool
