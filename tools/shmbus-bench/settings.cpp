#include "settings.hpp"

#include <nlohmann/json.hpp>

namespace shmbus::bench {

using tool::whole_number_between;

void add_options(tool::Command& program, Settings& settings) {
  const std::uint64_t hour_ms = 3'600'000;
  const auto core = [](int& to) { return whole_number_between(to, 0, 100'000); };
  program
      .option("--rounds", "N", whole_number_between(settings.rounds, 1, 1000),
              "How often each figure is measured; the median is reported")
      .option("--round-ms", "MS", whole_number_between(settings.round_ms, 1, hour_ms),
              "How long one figure is measured in one round")
      .option("--warm-up-ms", "MS", whole_number_between(settings.warm_up_ms, 0, hour_ms),
              "How long each measurement runs before the first round")
      .option("--pause", "N", whole_number_between(settings.pauses, 0, 10'000),
              "Pause instructions between two looks of a spinning loop")
      .flag("--no-pin", settings.no_pin, "Let the kernel choose the core of each process")
      .option("--cores", "A,B,...", tool::list_value(settings.cores, core),
              "Where to pin the processes to, in the order the report names them")
      .option("--patience", "S", whole_number_between(settings.patience, 1, 86'400),
              "Seconds without progress after which a run fails")
      .flag("--quick", settings.quick, "Run only for a moment, to see that it works; the figures are not reliable")
      .flag("--json", settings.json, "One JSON document instead of tables")
      .option("--plot", "FILE.svg", tool::text_value(settings.plot), "Also draw the distributions, as an SVG file");
}

measure::Plan plan(const Settings& settings, const Pace& pace) {
  const Pace usual = settings.quick ? Pace{.rounds = 2, .round_ms = 4, .warm_up_ms = 2} : pace;
  measure::Plan plan;
  plan.rounds = settings.rounds.value_or(usual.rounds);
  plan.round = std::chrono::milliseconds{settings.round_ms.value_or(usual.round_ms)};
  plan.warm_up = std::chrono::milliseconds{settings.warm_up_ms.value_or(usual.warm_up_ms)};
  plan.pauses = settings.pauses;
  plan.pin = !settings.no_pin;
  plan.cores = settings.cores;
  plan.patience = std::chrono::seconds{settings.patience};
  return plan;
}

nlohmann::ordered_json to_json(const Settings& settings, const measure::Plan& plan) {
  const auto ms = [](std::chrono::nanoseconds time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  };
  return {{"rounds", plan.rounds}, {"round_ms", ms(plan.round)},    {"warm_up_ms", ms(plan.warm_up)},
          {"pauses", plan.pauses}, {"patience", settings.patience}, {"pin", plan.pin},
          {"cores", plan.cores},   {"quick", settings.quick}};
}

}  // namespace shmbus::bench
