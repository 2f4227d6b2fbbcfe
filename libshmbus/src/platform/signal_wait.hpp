#pragma once

#include <signal.h>

#include <atomic>
#include <chrono>
#include <cstdint>

namespace shmbus::platform {

/// Keeps SIGINT and SIGTERM from ending the process during its lifetime: the signals are counted, and wake the threads
/// that sleep here. The constructor unblocks both in its thread; the destructor restores the former settings and must
/// run in the same thread. A signal that was ignored stays ignored. Several objects may exist at the same time.
class SignalWait {
 public:
  SignalWait() noexcept;
  SignalWait(const SignalWait&) = delete;
  SignalWait& operator=(const SignalWait&) = delete;
  ~SignalWait();

  /// Returns the latest signal since the construction; 0: none came.
  int signal() const noexcept;

  /// Changes with each signal and each `ring`. Read it, check for work, then sleep on it.
  std::uint32_t rings() const noexcept;
  /// Sleeps unless `rings()` has changed from `seen`.
  void sleep(std::uint32_t seen, std::chrono::nanoseconds timeout) const noexcept;
  /// Wakes all threads that sleep here. Async-signal-safe.
  static void ring() noexcept;

 private:
  std::uint32_t signals_before_;
  sigset_t mask_before_;
};

}  // namespace shmbus::platform
