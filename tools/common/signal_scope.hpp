#pragma once

#include <array>
#include <chrono>
#include <csignal>

namespace shmbus {
class Bus;
}

// How programs end by SIGINT, SIGTERM and SIGHUP. signal_queue.hpp is for those that take signals one by one instead.
namespace shmbus::tool {

inline constexpr std::array stop_signals = {SIGINT, SIGTERM, SIGHUP};

/// While it exists, the first SIGINT, SIGTERM or SIGHUP interrupts the bus instead of ending the process, so that the
/// node leaves the bus; `end_by` then ends the process as that signal would have. A second signal ends it at once.
/// Signals that were ignored from the start (`nohup`, background jobs of a script) stay ignored. Only one may exist.
class SignalScope {
 public:
  explicit SignalScope(Bus& bus) : SignalScope(&bus) {}
  /// For a program without a bus: only `fd` and `received_signal` show the signal.
  SignalScope() : SignalScope(nullptr) {}
  SignalScope(const SignalScope&) = delete;
  SignalScope& operator=(const SignalScope&) = delete;
  ~SignalScope();

  /// From now on a signal interrupts this bus, also a signal that came before. The bus must outlive the scope.
  void interrupts(Bus& bus);

  /// Readable once a signal came, for poll(2).
  int fd() const noexcept;

  /// Sleeps for the given time, or until a signal comes.
  void sleep(std::chrono::nanoseconds time) const;

 private:
  explicit SignalScope(Bus* bus);
};

/// The signal that a SignalScope received; 0 if none.
int received_signal() noexcept;

/// Ends the process by the signal's default action, so that the shell sees the signal.
[[noreturn]] void end_by(int signal);

}  // namespace shmbus::tool
