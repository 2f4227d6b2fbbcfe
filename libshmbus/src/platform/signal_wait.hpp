#pragma once

#include <signal.h>

#include <atomic>
#include <chrono>
#include <cstdint>

namespace shmbus::platform {

/// While one lives, SIGINT and SIGTERM do not end the process: they are counted, and wake those who sleep here. Both
/// are unblocked in the thread that makes it, which must be the one that destroys it; then what was set before is
/// restored. A signal that was ignored stays ignored. Several may live at one time.
class SignalWait {
 public:
  SignalWait() noexcept;
  SignalWait(const SignalWait&) = delete;
  SignalWait& operator=(const SignalWait&) = delete;
  ~SignalWait();

  /// The latest signal since it was made; 0: none came.
  int signal() const noexcept;

  /// Changes with each signal and each `ring`. Read it, look, then sleep on it.
  std::uint32_t rings() const noexcept;
  /// Sleeps unless `rings()` has changed from `seen`.
  void sleep(std::uint32_t seen, std::chrono::nanoseconds timeout) const noexcept;
  /// Wakes all. Async-signal-safe.
  static void ring() noexcept;

 private:
  std::uint32_t signals_before_;
  sigset_t mask_before_;
};

}  // namespace shmbus::platform
