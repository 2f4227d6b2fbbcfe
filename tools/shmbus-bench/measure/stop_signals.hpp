#pragma once

#include <exception>

namespace shmbus::measure {

/// SIGINT, SIGTERM or SIGHUP came. Nothing but `main` catches it: on the way there all that was made is cleaned up.
class Interrupted : public std::exception {
 public:
  explicit Interrupted(int signal) noexcept : signal_(signal) {}
  int signal() const noexcept { return signal_; }
  const char* what() const noexcept override { return "interrupted by a signal"; }

 private:
  int signal_;
};

/// Blocks the signals that end a program, and SIGCHLD, in this thread and those it starts: they are then taken where
/// the program waits, by `RoleProcesses::run` and `check_signals`. Call it first in `main`, before any thread.
void block_signals();

/// Throws Interrupted where one has come.
void check_signals();

/// In a forked process: SIGINT and SIGHUP, which a terminal sends to all, are left to the parent; others act again.
void leave_signals_to_parent();

/// Ends the process by the signal's default action, for the shell to see.
[[noreturn]] void end_by(int signal);

}  // namespace shmbus::measure
