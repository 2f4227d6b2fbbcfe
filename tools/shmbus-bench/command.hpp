#pragma once

#include <functional>

#include "command_line.hpp"
#include "settings.hpp"

namespace shmbus::bench {

enum class Distributions { none, drawn };  ///< whether a measurement has distributions, for --plot

/// Sets what a measurement does: a function that prints its report and returns the exit status. May throw what `main` catches.
void set_action(tool::Command& command, const Settings& settings, Distributions distributions, std::function<int()> run);

// Each adds one measurement to the command line. `settings` is set before it runs, and must outlive it.
void add_latency(tool::CommandLine& line, const Settings& settings);
void add_throughput(tool::CommandLine& line, const Settings& settings);
void add_fanout(tool::CommandLine& line, const Settings& settings);
void add_payload(tool::CommandLine& line, const Settings& settings);
void add_publish(tool::CommandLine& line, const Settings& settings);
void add_wakeup(tool::CommandLine& line, const Settings& settings);
void add_dispatch(tool::CommandLine& line, const Settings& settings);
void add_attach(tool::CommandLine& line, const Settings& settings);
void add_idle(tool::CommandLine& line, const Settings& settings);
void add_soak(tool::CommandLine& line, const Settings& settings);

}  // namespace shmbus::bench
