#pragma once

#include <spdlog/common.h>

namespace shmbus::daemon {

/// Makes spdlog write to standard error: with the time for a terminal or a file; for systemd's journal, which adds the
/// time itself, with the level in the form of sd-daemon(3), "<4>".
void start_log();

/// Writes messages of this level and of more severe ones.
void set_log_level(spdlog::level::level_enum level);

}  // namespace shmbus::daemon
