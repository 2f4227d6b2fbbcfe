#include "settings.hpp"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>

namespace shmbus::bench {

namespace {

std::optional<std::uint64_t> digits(const std::string& text) {
  if (text.empty() || text.size() > 18 || text.find_first_not_of("0123456789") != std::string::npos)
    return std::nullopt;
  return std::stoull(text);
}

std::optional<std::uint64_t> bytes(const std::string& text) {
  const std::size_t unit = text.find_first_not_of("0123456789");
  if (unit == std::string::npos) return digits(text);
  const auto number = digits(text.substr(0, unit));
  const std::string rest = text.substr(unit);
  for (const auto& [suffix, shift] : {std::pair{"K", 10}, {"KiB", 10}, {"M", 20}, {"MiB", 20}}) {
    if (rest == suffix && number && *number < (std::uint64_t{1} << 40)) return *number << shift;
  }
  return std::nullopt;
}

}  // namespace

CLI::Validator whole_number(std::uint64_t least, std::uint64_t most) {
  return CLI::Validator{[least, most](const std::string& text) {
                          const auto value = digits(text);
                          if (value && *value >= least && *value <= most) return std::string{};
                          return fmt::format("expected a whole number from {} to {}, found '{}'", least, most, text);
                        },
                        ""};
}

CLI::Validator byte_size(std::uint64_t least, std::uint64_t most) {
  return CLI::Validator{[least, most](std::string& text) {
                          const auto value = bytes(text);
                          if (!value || *value < least || *value > most)
                            return fmt::format("expected bytes from {} to {}, as 64, 4K or 1M, found '{}'", least, most,
                                               text);
                          text = std::to_string(*value);
                          return std::string{};
                        },
                        ""};
}

void add_options(CLI::App& program, Settings& settings) {
  const std::uint64_t hour_ms = 3'600'000;
  program.add_option("--rounds", settings.rounds, "How often each figure is measured; the median is reported")
      ->type_name("N")
      ->check(whole_number(1, 1000));
  program.add_option("--round-ms", settings.round_ms, "How long one figure is measured in one round")
      ->type_name("MS")
      ->check(whole_number(1, hour_ms));
  program.add_option("--warm-up-ms", settings.warm_up_ms, "How long each measurement runs before the first round")
      ->type_name("MS")
      ->check(whole_number(0, hour_ms));
  program.add_option("--pause", settings.pauses, "Pause instructions between two looks of a spinning loop")
      ->type_name("N")
      ->check(whole_number(0, 10'000))
      ->capture_default_str();
  program.add_flag("--no-pin", settings.no_pin, "Let the kernel choose the core of each process");
  program.add_option("--cores", settings.cores, "Where to pin the processes to, in the order the report names them")
      ->type_name("A,B,...")
      ->delimiter(',')
      ->check(whole_number(0, 100'000));
  program.add_option("--patience", settings.patience, "Seconds without progress after which a run fails")
      ->type_name("S")
      ->check(whole_number(1, 86'400))
      ->capture_default_str();
  program.add_flag("--quick", settings.quick, "Run only for a moment, to see that it works; the figures are not reliable");
  program.add_flag("--json", settings.json, "One JSON document instead of tables");
  program.add_option("--plot", settings.plot, "Also draw the distributions, as an SVG file")->type_name("FILE.svg");
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
