#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>

#include "support/child_process.hpp"

namespace test {

/// Ends a forked process with a text on standard error; the test sees its status.
void require(bool condition, const std::string& what);

/// The test's end, as the forked process uses it.
class Parent {
 public:
  Parent(int in, int out) : in_(in), out_(out) {}
  void say(std::uint64_t word = 0) const;
  std::uint64_t hear() const;

 private:
  int in_;
  int out_;
};

/// A function that runs in a forked process, forked when all other threads of the test sleep. It and the test can send
/// (`say`) and receive (`hear`) numbers. Everything that waits throws std::runtime_error after a time that no healthy run
/// needs: this is the watchdog. The process is killed by its pid when the object is destroyed, and also when the test dies.
class ForkedProcess {
 public:
  explicit ForkedProcess(const std::function<void(const Parent&)>& body);
  ForkedProcess(ForkedProcess&& other) noexcept;
  ForkedProcess& operator=(ForkedProcess&&) = delete;
  ~ForkedProcess();

  pid_t pid() const noexcept { return pid_; }

  void say(std::uint64_t word = 0) const;
  std::uint64_t hear() const;

  /// Sends SIGKILL and waits until the process is gone.
  void kill();
  /// Sends SIGSTOP and waits until it has stopped.
  void stop();
  void resume();
  /// Waits for its end. A body that returns gives `End{}`.
  End wait();

 private:
  pid_t pid_;
  int in_ = -1;
  int out_ = -1;
};

}  // namespace test
