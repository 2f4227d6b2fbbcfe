#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "shmbus/topic_info.hpp"

namespace shmbus::tool {

/// Shows an event's payload to people, safe for any terminal, in lines without newlines:
/// - a value of the topic's recorded type by its fields: `user_id=42 device="tv"`, in lines of at most `width` columns
///   where the fields allow it. What follows a type's recorded fields is `...`; a field of another kind than numbers,
///   `bool`, characters and arrays of them is its bytes in hexadecimal;
/// - text as it is, a line each;
/// - else bytes in hexadecimal with ASCII beside them, sixteen a line: the offset, the bytes, `|text|`.
/// An empty payload is one line: `(empty)`.
std::vector<std::string> payload_lines(std::span<const std::byte> payload, const TopicInfo& topic,
                                       std::size_t width = 80);

/// Bytes in hexadecimal with ASCII beside them, sixteen a line.
std::vector<std::string> hex_dump(std::span<const std::byte> bytes);

}  // namespace shmbus::tool
