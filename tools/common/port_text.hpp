#pragma once

#include <string>

#include "shmbus/inspector.hpp"

namespace shmbus::tool {

/// "program", or "name (program)" if a subscriber has a name of its own. "name" if that is also the program's name, which
/// the system may have cut.
std::string process_text(const std::string& name, const std::string& program);

/// "lossy", "reliable" or "demoted".
const char* mode_text(const SubscriberSnapshot& subscriber) noexcept;

/// "p50 / p99 / p99.9", or "-" if no latency was sampled.
std::string latency_text(const Latency& latency);

}  // namespace shmbus::tool
