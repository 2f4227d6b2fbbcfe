#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace shmbus::base {

inline constexpr std::size_t kMaxBusName = 32;
inline constexpr std::size_t kMaxTopicName = 127;

// Names as users give them: each check throws Error, `invalid_name`.
void check_bus_name(std::string_view name);    ///< [A-Za-z0-9_-]{1,32}
void check_topic_name(std::string_view name);  ///< tokens [A-Za-z0-9_-]+ joined by dots, 127 bytes at most
void check_pattern(std::string_view pattern);  ///< the same, and `*` for one token, `>` as the last for the rest

// What error texts call them: "bus 'name'", "topic 'name'".
std::string bus_object(const std::string& bus);
std::string topic_object(const std::string& topic);

/// A name of any bytes as an error text shows it: in quotes, fit to print.
std::string quoted(std::string_view name);

/// The check of a name that was read from shared memory.
bool is_topic_name(std::string_view name) noexcept;

/// Whether a valid pattern covers a valid topic name.
bool matches(std::string_view pattern, std::string_view topic) noexcept;
bool has_wildcard(std::string_view pattern) noexcept;

// Names of segments, without the folder.
std::string bus_prefix(std::string_view bus);                            ///< shmbus.<bus>.
std::string registry_name(std::string_view bus);                         ///< shmbus.<bus>.registry
std::string control_name(std::string_view bus, std::string_view topic);  ///< shmbus.<bus>.<topic>.ctl
std::string log_name(std::string_view bus, std::string_view topic, std::uint64_t node,
                     std::uint64_t id);                                ///< shmbus.<bus>.<topic>.log.<node>.<id>
std::string removed_name(std::string_view bus, std::uint64_t random);  ///< shmbus.<bus>.~<random>

/// Topic of a control segment's file name, unchecked; nothing where it is none.
std::optional<std::string> parse_control_name(std::string_view bus, std::string_view file);

/// Topic, node and topic id of a log's file name; nothing where it is none.
struct LogName {
  std::string topic;
  std::uint64_t node = 0;
  std::uint64_t id = 0;
};
std::optional<LogName> parse_log_name(std::string_view bus, std::string_view file);

}  // namespace shmbus::base
