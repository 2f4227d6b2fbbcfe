#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>

#include "suggestion.hpp"

namespace CLI {
class App;
}

// How programs begin and end. Exit status: 0 good, 1 failed, 2 wrong arguments.
namespace shmbus::tool {

inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;

/// Runs the program and returns its exit status. What it throws ends as one line on standard error; a signal that it
/// received (see SignalScope) ends the process as that signal would have, a reader that went as SIGPIPE.
int run_program(const std::function<int()>& program);

/// Parses the command line. The exit status where the program has then done its work: it printed help or its version,
/// or refused the arguments. `synonyms` are words that people try for a verb.
std::optional<int> parse(CLI::App& app, int argc, char** argv, std::span<const Synonym> synonyms = {});

/// Says what is wrong with the arguments and where they are explained; returns exit_usage.
int refuse(const std::string& what, const std::string& help);

}  // namespace shmbus::tool
