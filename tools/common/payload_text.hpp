#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "shmbus/topic_info.hpp"

namespace shmbus::tool {

/// Shows an event's payload to people, safe for any terminal, in lines without newlines:
/// - a value of the topic's recorded type by its fields: `user_id=42 device="tv"`, in lines of at most `width` columns
///   if the fields allow it. `...` stands for fields that were not recorded. A field that is not a number, `bool`,
///   character or an array of these is shown as its bytes in hexadecimal;
/// - text as it is, line by line;
/// - other bytes in hexadecimal with ASCII beside them, sixteen per line: the offset, the bytes, `|text|`.
/// An empty payload is one line: `(empty)`.
std::vector<std::string> payload_lines(std::span<const std::byte> payload, const TopicInfo& topic,
                                       std::size_t width = 80);

/// Bytes in hexadecimal with ASCII beside them, sixteen per line.
std::vector<std::string> hex_dump(std::span<const std::byte> bytes);

}  // namespace shmbus::tool
