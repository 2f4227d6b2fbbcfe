#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "measure/plan.hpp"

namespace shmbus::bench {

/// Settings of all measurements.
struct Settings {
  std::optional<unsigned> rounds;
  std::optional<unsigned> round_ms;
  std::optional<unsigned> warm_up_ms;
  unsigned pauses = 0;
  unsigned patience = 60;  ///< seconds
  bool no_pin = false;
  std::vector<int> cores;
  bool json = false;
  bool quick = false;
  std::string plot;
};

/// Parsing the program sets `settings`, which must outlive it.
void add_options(CLI::App& program, Settings& settings);

/// How long a measurement runs, if the user does not say. `quick` is always a moment.
struct Pace {
  unsigned rounds = 7;
  unsigned round_ms = 200;
  unsigned warm_up_ms = 50;
};
measure::Plan plan(const Settings& settings, const Pace& pace = {});

/// Keys: rounds, round_ms, warm_up_ms, pauses, patience, pin, cores, quick.
nlohmann::ordered_json to_json(const Settings& settings, const measure::Plan& plan);

/// Takes digits only: CLI11 by itself turns -1 into a large number.
CLI::Validator whole_number(std::uint64_t least, std::uint64_t most);

/// "64", "4K", "1M", "16 MiB" as bytes.
CLI::Validator byte_size(std::uint64_t least, std::uint64_t most);

}  // namespace shmbus::bench
