#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "common/events.hpp"
#include "signal_scope.hpp"

namespace streaming {

/// Answers calls on a Unix socket, one at a time, until the signal comes. `answer` returns the reply. Throws if the socket
/// can't be made.
void answer_calls_on(const std::string& path, const shmbus::tool::SignalScope& stop,
                     const std::function<std::uint64_t(const WatchStarted&)>& answer);

}  // namespace streaming
