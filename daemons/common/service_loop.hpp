#pragma once

#include <chrono>
#include <functional>

#include "service_manager.hpp"

namespace shmbus::daemon {

/// What a daemon does in its main thread.
struct ServiceWork {
  /// Does what is due, and returns how long until it is due again. `reread`: the configuration has just been read again.
  std::function<std::chrono::nanoseconds(bool reread)> look;
  /// Reads the configuration again. If it throws, it must leave everything as it was; the loop logs the error.
  std::function<void()> reread;
};

/// Waits for `first`, and then does the work until SIGTERM or SIGINT ends it. SIGHUP makes it read the configuration again,
/// and look at once. *Requires* that `tool::block_signals` was called before any thread started.
void run_service(ServiceManager& manager, const ServiceWork& work, std::chrono::nanoseconds first);

}  // namespace shmbus::daemon
