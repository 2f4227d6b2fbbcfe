#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

namespace shmbus::tool {

/// One verb of the command line: its options are registered with the program when it is made.
struct Verb {
  CLI::App* app;
  std::function<int()> run;  ///< returns the exit status; throws shmbus::Error or std::system_error
};

/// Takes digits only: CLI11 by itself turns -1 into a large number.
CLI::Validator whole_number();

// `bus` is filled in by the time a verb runs, and outlives it.
Verb ls_verb(CLI::App& program, const std::string& bus);
Verb info_verb(CLI::App& program, const std::string& bus);
Verb ports_verb(CLI::App& program, const std::string& bus);
Verb stat_verb(CLI::App& program, const std::string& bus);
Verb pub_verb(CLI::App& program, const std::string& bus);
Verb sub_verb(CLI::App& program, const std::string& bus);
Verb hz_verb(CLI::App& program, const std::string& bus);
Verb tail_verb(CLI::App& program, const std::string& bus);
Verb replay_verb(CLI::App& program, const std::string& bus);
Verb who_verb(CLI::App& program, const std::string& bus);
Verb doctor_verb(CLI::App& program, const std::string& bus);
Verb gc_verb(CLI::App& program, const std::string& bus);
Verb rm_verb(CLI::App& program, const std::string& bus);

}  // namespace shmbus::tool
