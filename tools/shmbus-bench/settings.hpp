#pragma once

#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "command_line.hpp"
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

/// `settings` is filled in by the time the program is parsed, and outlives it.
void add_options(tool::Command& program, Settings& settings);

/// How long a measurement runs, if the user does not say. `quick` is always a moment.
struct Pace {
  unsigned rounds = 7;
  unsigned round_ms = 200;
  unsigned warm_up_ms = 50;
};
measure::Plan plan(const Settings& settings, const Pace& pace = {});

/// Keys: rounds, round_ms, warm_up_ms, pauses, patience, pin, cores, quick.
nlohmann::ordered_json to_json(const Settings& settings, const measure::Plan& plan);

}  // namespace shmbus::bench
