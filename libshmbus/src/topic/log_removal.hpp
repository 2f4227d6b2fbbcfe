#pragma once

#include <cstdint>
#include <optional>

#include "base/bus_name.hpp"
#include "base/topic_name.hpp"
#include "platform/segment_file.hpp"

namespace shmbus::topic {

/// What a control segment says of itself, copied once. Whoever may read the topic may write it.
struct ControlName {
  std::optional<base::TopicName> topic;  ///< nothing where its bytes are no valid name
  std::uint64_t id = 0;
  std::uint64_t log_node = 0;
};

/// Read without mapping it; nothing where these are no control segment's bytes.
std::optional<ControlName> read_control_name(const platform::SegmentFile& control);

/// Whether a control segment and a log can be one topic's, as their files tell, which only their owner can change: the
/// same owner and group, and modes that belong together.
bool belong_together(const platform::FileState& control, const platform::FileState& log) noexcept;

/// Unlinks the log that a control segment names; false where it does not. Its bytes alone are not believed, for one who
/// may write this topic could name another topic's log: the two must belong together, and no other control segment
/// that is in its own place may name that log. What is left so is an orphan, or another topic's. Throws Error.
bool unlink_log(const base::BusName& bus, const ControlName& named, const platform::SegmentFile& control);

}  // namespace shmbus::topic
