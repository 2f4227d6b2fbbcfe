#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/storage.hpp"

namespace shmbus::journal {

inline const std::string kTopicName = "topic";
inline const std::string kNumbersName = "numbers";
inline const std::string kLockName = "lock";        ///< the recorder's; no file of this room
inline const std::string kCursorsName = "cursors";  ///< the folder of durable subscriptions; likewise

/// A segment file's name: twenty digits, and ".events".
std::string events_name(std::uint64_t first);
std::string index_name(std::uint64_t first);
/// Returns the number in a segment file's name; nothing where it is none.
std::optional<std::uint64_t> parse_events_name(std::string_view name) noexcept;
std::optional<std::uint64_t> parse_index_name(std::string_view name) noexcept;

/// The name under which a file is prepared, before it is given `name`. Recovery removes what has such a name.
inline std::string fresh_name(const std::string& name) { return name + ".new"; }
inline bool is_fresh_name(std::string_view name) noexcept { return name.ends_with(".new"); }

/// Receives the numbers in the names of all segment files, in ascending order. Returns an errno value.
int list_events(Storage& storage, std::vector<std::uint64_t>& firsts);

}  // namespace shmbus::journal
