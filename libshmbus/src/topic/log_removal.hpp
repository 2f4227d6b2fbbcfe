#pragma once

#include <cstdint>
#include <optional>

#include "base/bus_name.hpp"
#include "base/topic_name.hpp"
#include "platform/segment_file.hpp"

namespace shmbus::topic {

/// The names and ids in a control segment, copied once. Any process that may read the topic may overwrite them.
struct ControlName {
  std::optional<base::TopicName> topic;  ///< nothing where its bytes are not a valid name
  std::uint64_t id = 0;
  std::uint64_t log_node = 0;
};

/// Reads them without mapping the segment. Returns nothing where the file is not a control segment.
std::optional<ControlName> read_control_name(const platform::SegmentFile& control);

/// Whether a control segment and a log can belong to one topic, by their file attributes, which only their owner can
/// change: the same owner and group, and modes that match.
bool belong_together(const platform::FileState& control, const platform::FileState& log) noexcept;

/// Unlinks the log that a control segment names. Returns false where it does not. The segment's bytes alone are not
/// trusted: a process that may write this topic could name another topic's log. So the two files must belong together,
/// and no other control segment under its proper name may name that log. A log that is left is an orphan, or another
/// topic's. *Throws* Error.
bool unlink_log(const base::BusName& bus, const ControlName& named, const platform::SegmentFile& control);

}  // namespace shmbus::topic
