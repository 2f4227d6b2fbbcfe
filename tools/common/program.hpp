#pragma once

#include <functional>
#include <string>

// How programs begin and end. Exit status: 0 success, 1 failure, 2 wrong arguments.
namespace shmbus::tool {

inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;

/// Runs the program and returns its exit status. An exception becomes one line on standard error. A signal that the program
/// received (see SignalScope) ends the process as that signal would have, and closed output ends it as SIGPIPE would.
int run_program(const std::function<int()>& program);

/// Prints what is wrong with the arguments and where they are explained. Returns exit_usage.
int refuse(const std::string& what, const std::string& help);

}  // namespace shmbus::tool
