#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <spdlog/common.h>

#include "settings_error.hpp"
#include "trace_settings.hpp"

namespace shmbus::daemon {

/// The settings of the configuration file; shmbusd(8) describes each key.
struct Settings {
  std::chrono::nanoseconds interval = std::chrono::seconds{1};  ///< between two looks, 10 ms to 1 h
  std::vector<std::string> buses{};                             ///< empty: all that this process may join
  std::vector<uid_t> owners{};                                  ///< users whose buses to join, besides its own user and root
  bool reap = true;
  bool record = true;  ///< journaled topics that no other process records
  std::chrono::nanoseconds gating_limit = std::chrono::seconds{5};  ///< 0: no warning
  unsigned memory_limit = 10;                                       ///< percent of /dev/shm left; 0: no warning
  std::string listen = "127.0.0.1:9871";                            ///< HOST:PORT, unix:PATH, or empty: no metrics
  TraceSettings trace{};
  spdlog::level::level_enum log_level = spdlog::level::info;

  friend bool operator==(const Settings&, const Settings&) = default;
};

/// Reads TOML. `name` is the file's name in messages. Throws SettingsError.
Settings parse_settings(std::string_view text, const std::string& name);
/// Reads a file in the same way.
Settings read_settings(const std::string& path);

}  // namespace shmbus::daemon
