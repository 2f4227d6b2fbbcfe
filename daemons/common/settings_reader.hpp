#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <spdlog/common.h>
#include <toml++/toml.h>

#include "settings_error.hpp"

namespace shmbus::daemon {

/// The text of a configuration file. Throws SettingsError.
std::string settings_text(const std::string& path);

/// Whether a text has the form of a bus's name: [A-Za-z0-9_-]{1,32}.
bool is_bus_name(std::string_view text);

/// A value of a configuration.
struct Setting {
  std::string key;  ///< with the tables it is in: "log.level"
  const toml::node& node;
};

/// The times that a setting may have. Each bound is a whole number of one unit.
struct DurationBounds {
  std::chrono::nanoseconds least{0};
  std::chrono::nanoseconds most = std::chrono::hours{1};
  std::string_view zero = "never";  ///< what 0 means; empty: it may not be 0
};

/// Reads a configuration in TOML, value by value, and gathers the mistakes. A function that takes a place for a value leaves it
/// as it was where the value is a mistake.
class SettingsReader {
 public:
  using Use = std::function<void(const Setting&)>;
  /// The keys that a table may have, and the use of each.
  using Known = std::vector<std::pair<std::string_view, Use>>;

  /// `file` is the file's name in messages. Throws SettingsError where the text is no TOML.
  SettingsReader(std::string_view text, std::string file);

  /// The whole, as a table without a key.
  Setting root() const { return {{}, root_}; }
  /// Throws SettingsError if there were mistakes, in their order in the file.
  void finish();

  void mistake(const Setting& setting, const std::string& text);
  /// A mistake: "expected ..., found ...", with the value.
  void unexpected(const Setting& setting, std::string_view expected);

  /// Uses each value of a table. Any other key than the known ones is a mistake.
  void table(const Setting& setting, const Known& known);
  /// The value that a table has under a key; nothing if it has none.
  static std::optional<Setting> find(const Setting& table, std::string_view key);
  /// A mistake at the table's place, if it lacks this key.
  void require(const Setting& table, std::string_view key, std::string_view expected);
  void list(const Setting& setting, const Use& each);
  /// An array of tables: [[KEY]].
  void tables(const Setting& setting, const Use& each);

  void boolean(const Setting& setting, bool& value);
  /// `good` decides whether a string is what was expected.
  void text(const Setting& setting, std::string& value, std::string_view expected,
            const std::function<bool(const std::string&)>& good);
  void duration(const Setting& setting, std::chrono::nanoseconds& value, const DurationBounds& bounds = {});
  void count(const Setting& setting, std::size_t& value, std::int64_t least, std::int64_t most, std::string_view what);
  /// A number of bytes, or a text such as "10GiB"; 0 to the largest 64-bit integer.
  void bytes(const Setting& setting, std::int64_t& value, std::string_view zero);
  void listen_address(const Setting& setting, std::string& value);
  void log_level(const Setting& setting, spdlog::level::level_enum& value);
  /// A list of users of this machine, by name or number.
  void users(const Setting& setting, std::vector<uid_t>& value);

 private:
  struct Mistake {
    toml::source_position place;
    std::string text;
  };

  void mistake(const toml::source_region& region, const std::string& key, const std::string& text);

  std::string file_;
  toml::table root_;
  std::vector<Mistake> mistakes_;
};

}  // namespace shmbus::daemon
