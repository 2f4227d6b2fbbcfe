#pragma once

#include <string>

#include <spdlog/common.h>

namespace shmbus::daemon {

/// Makes spdlog write to standard error, for this program: with the time for a terminal or a file; for systemd's journal, which adds the
/// time itself, with the level in the form of sd-daemon(3), "<4>".
void start_log(const std::string& program);

/// Writes messages of this level and of more severe ones.
void set_log_level(spdlog::level::level_enum level);

}  // namespace shmbus::daemon
