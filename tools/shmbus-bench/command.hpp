#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "settings.hpp"

namespace shmbus::bench {

/// One measurement of the command line: its options are registered with the program when it is made.
struct Command {
  CLI::App* app;
  std::function<int()> run;  ///< prints its report and returns the exit status; throws as `main` knows
  bool draws;                ///< whether it has distributions, for --plot
};

// `settings` is set before a command runs, and must outlive it.
Command latency_command(CLI::App& program, const Settings& settings);
Command throughput_command(CLI::App& program, const Settings& settings);
Command fanout_command(CLI::App& program, const Settings& settings);
Command payload_command(CLI::App& program, const Settings& settings);
Command publish_command(CLI::App& program, const Settings& settings);
Command wakeup_command(CLI::App& program, const Settings& settings);
Command dispatch_command(CLI::App& program, const Settings& settings);
Command attach_command(CLI::App& program, const Settings& settings);
Command idle_command(CLI::App& program, const Settings& settings);
Command soak_command(CLI::App& program, const Settings& settings);

}  // namespace shmbus::bench
