#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/topic_name.hpp"

namespace shmbus::base {

/// What the name of a log's file says.
struct LogFile {
  std::optional<TopicName> topic;  ///< nothing where it is no valid name, so no topic's
  std::uint64_t node = 0;          ///< that created the topic
  std::uint64_t id = 0;            ///< of the topic
};

/// The name of any bus's segment file, `shmbus.<bus>.<rest>`, in parts. They are not checked: anybody may put a file
/// there. `bus` is empty where the name has none.
struct SegmentFileParts {
  static constexpr std::string_view kPrefix = "shmbus.";

  static SegmentFileParts of(std::string_view file) noexcept;
  bool is_registry() const noexcept;

  std::string_view bus{};
  std::string_view rest{};
};

/// The name of a bus, checked: `[A-Za-z0-9_-]{1,32}`. It gives the names of all segment files of the bus, without the
/// folder.
class BusName {
 public:
  /// A name as a user gives it. *Throws* Error, `invalid_name`.
  explicit BusName(std::string_view text);
  /// A name that was read from a file's name. Returns nothing where it is invalid.
  static std::optional<BusName> parse(std::string_view text);

  const std::string& text() const noexcept { return text_; }
  /// What error texts call the bus: "bus 'name'".
  std::string object() const;

  std::string file_prefix() const;                         ///< shmbus.<bus>.
  std::string registry_file() const;                       ///< shmbus.<bus>.registry
  std::string control_file(const TopicName& topic) const;  ///< shmbus.<bus>.<topic>.ctl
  std::string log_file(const TopicName& topic, std::uint64_t node,
                       std::uint64_t id) const;          ///< shmbus.<bus>.<topic>.log.<node>.<id>
  std::string removed_prefix() const;                    ///< shmbus.<bus>.~
  std::string removed_file(std::uint64_t random) const;  ///< shmbus.<bus>.~<random>

  /// The topic whose control segment bears this file name. Returns nothing where it is no control segment's name.
  std::optional<TopicName> topic_of_control_file(std::string_view file) const;
  /// Returns nothing where it is no log's name.
  std::optional<LogFile> parse_log_file(std::string_view file) const;

  friend auto operator<=>(const BusName&, const BusName&) = default;

 private:
  struct Valid {};
  BusName(std::string_view text, Valid) : text_(text) {}

  std::string text_;
};

}  // namespace shmbus::base
