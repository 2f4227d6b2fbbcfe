#pragma once

#include <chrono>
#include <string>

#include "common/events.hpp"
#include "signal_scope.hpp"

namespace demo {

struct CallOutcome {
  bool answered = false;
  unsigned attempts = 0;
  std::string problem;  ///< of the last attempt; empty when it was answered
};

/// Calls a service without a bus: sends, waits for the reply, and tries again.
class Caller {
 public:
  Caller(std::chrono::milliseconds timeout, unsigned attempts, const shmbus::tool::SignalScope& stop)
      : timeout_(timeout), attempts_(attempts), stop_(stop) {}

  /// Throws Stopped.
  CallOutcome call(const std::string& socket, const streaming::WatchStarted& watch) const;

 private:
  std::string attempt(const std::string& socket, const streaming::WatchStarted& watch) const;

  std::chrono::milliseconds timeout_;
  unsigned attempts_;
  const shmbus::tool::SignalScope& stop_;
};

}  // namespace demo
