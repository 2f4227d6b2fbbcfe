#pragma once

#include <spdlog/common.h>

namespace shmbus::daemon {

/// Makes spdlog write to standard error: for a person, or a file, with the time; for systemd's journal, which adds the
/// time itself, with the level as sd-daemon(3) has it, "<4>".
void start_log();

/// Writes a level, and what is more severe.
void set_log_level(spdlog::level::level_enum level);

}  // namespace shmbus::daemon
