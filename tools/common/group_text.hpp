#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "shmbus/group_snapshot.hpp"

namespace shmbus::tool {

/// The group that keeps what is still to be decided, of each topic of dead letters. It has a member only while somebody decides.
inline constexpr const char* dead_letters_group = "dead-letters";

/// The name of the group whose port in a ring has this name; nothing for another port's.
std::optional<std::string> group_of_port(std::string_view port_name);

/// "cautious, window full for 3.00 s", "no member", or "ok".
std::string group_state_text(const GroupSnapshot& group);

/// "oldest event 17: leased, 12.0 s left, leased 3 times, by worker[4711] for 2.00 s": the event that a group's floor waits for.
/// all is settled.
std::string oldest_text(const GroupSnapshot& group);

/// Who holds an event, or held it last: "worker[4711] (stopped)", "-".
std::string holder_text(const GroupEventSnapshot& event);

/// "leased, 12.0 s left", "waiting, due in 1.00 s", "waiting", "unread".
std::string event_state_text(const GroupEventSnapshot& event);

/// "any" or "by_key".
const char* to_text(Order order) noexcept;

}  // namespace shmbus::tool
