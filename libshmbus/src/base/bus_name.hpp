#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/durable_name.hpp"
#include "base/group_name.hpp"
#include "base/topic_name.hpp"

namespace shmbus::base {

/// The parts of a log file's name.
struct LogFile {
  std::optional<TopicName> topic;  ///< nothing where this part is not a valid topic name
  std::uint64_t node = 0;          ///< the node that created the topic
  std::uint64_t id = 0;            ///< the topic's id
};

/// The parts of a flight recorder's file name.
struct RecorderName {
  std::uint64_t node = 0;
  std::uint64_t subscription = 0;
};

/// The parts of a cursor's file name.
struct CursorName {
  TopicName topic;
  DurableName durable;
  std::uint64_t id = 0;  ///< the topic's
};

/// The parts of a group's file name.
struct GroupFileName {
  TopicName topic;
  GroupName group;
  std::uint64_t id = 0;  ///< the topic's
};

/// The name of any bus's segment file, `shmbus.<bus>.<rest>`, in parts. The parts are not checked: anybody may put a
/// file into the folder. `bus` is empty where the name has no such part.
struct SegmentFileParts {
  static constexpr std::string_view kPrefix = "shmbus.";

  static SegmentFileParts of(std::string_view file) noexcept;
  bool is_registry() const noexcept;

  std::string_view bus{};
  std::string_view rest{};
};

/// A checked bus name: `[A-Za-z0-9_-]{1,32}`. It also builds the names of the bus's segment files, without the folder.
class BusName {
 public:
  /// Checks a name that a user gives. *Throws* Error, `invalid_name`.
  explicit BusName(std::string_view text);
  /// Checks a name that was read from a file's name. Returns nothing where it is invalid.
  static std::optional<BusName> parse(std::string_view text);

  const std::string& text() const noexcept { return text_; }
  /// Returns what error texts call the bus: "bus 'name'".
  std::string object() const;

  std::string file_prefix() const;                         ///< shmbus.<bus>.
  std::string registry_file() const;                       ///< shmbus.<bus>.registry
  std::string control_file(const TopicName& topic) const;  ///< shmbus.<bus>.<topic>.ctl
  std::string log_file(const TopicName& topic, std::uint64_t node,
                       std::uint64_t id) const;                   ///< shmbus.<bus>.<topic>.log.<node>.<id>
  std::string recorder_prefix() const;                            ///< shmbus.<bus>.calls.
  std::string recorder_file(const RecorderName& recorder) const;  ///< shmbus.<bus>.calls.<node>.<subscription>
  std::string durable_file(const DurableName& durable) const;     ///< shmbus.<bus>.<durable>.durable
  std::string group_prefix(const TopicName& topic) const;         ///< shmbus.<bus>.<topic>.group.
  std::string group_file(const GroupFileName& group) const;       ///< shmbus.<bus>.<topic>.group.<group>.<id>
  std::string cursor_prefix(const TopicName& topic) const;        ///< shmbus.<bus>.<topic>.cursor.
  std::string cursor_file(const CursorName& cursor) const;        ///< shmbus.<bus>.<topic>.cursor.<durable>.<id>
  std::string removed_prefix() const;                             ///< shmbus.<bus>.~
  std::string removed_file(std::uint64_t random) const;           ///< shmbus.<bus>.~<random>

  /// Returns the topic whose control segment has this file name, or nothing where this is not such a name.
  std::optional<TopicName> topic_of_control_file(std::string_view file) const;
  /// Splits the file name of a log. Returns nothing where this is not such a name.
  std::optional<LogFile> parse_log_file(std::string_view file) const;
  /// Splits the file name of a flight recorder. Returns nothing where this is not such a name.
  std::optional<RecorderName> parse_recorder_name(std::string_view file) const;
  /// Returns the durable subscription whose record has this file name, or nothing where this is not such a name.
  std::optional<DurableName> durable_of_file(std::string_view file) const;
  /// Splits the file name of a cursor. Returns nothing where this is not such a name.
  std::optional<CursorName> parse_cursor_file(std::string_view file) const;
  /// The same for that of a group.
  std::optional<GroupFileName> parse_group_file(std::string_view file) const;

  friend auto operator<=>(const BusName&, const BusName&) = default;

 private:
  struct Valid {};
  BusName(std::string_view text, Valid) : text_(text) {}

  std::string text_;
};

}  // namespace shmbus::base
