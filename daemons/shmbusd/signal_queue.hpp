#pragma once

#include <chrono>

namespace shmbus::daemon {

/// SIGTERM, SIGINT and SIGHUP, received one by one instead of interrupting anything. Make it before any thread, so that
/// all of them leave these signals to it. One a process.
class SignalQueue {
 public:
  SignalQueue();
  ~SignalQueue();
  SignalQueue(const SignalQueue&) = delete;
  SignalQueue& operator=(const SignalQueue&) = delete;

  /// Waits so long for a signal, and returns it; 0 where none came.
  int wait(std::chrono::nanoseconds time);

 private:
  int fd_;
};

}  // namespace shmbus::daemon
