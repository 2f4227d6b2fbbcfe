#include "program.hpp"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

namespace peers {

namespace measure = shmbus::measure;

namespace {

measure::Plan plan(const Job& job) {
  measure::Plan plan;
  plan.rounds = 1;
  plan.round = std::chrono::nanoseconds{static_cast<std::int64_t>(job.seconds * 1e9)};
  plan.warm_up = plan.round / 5;
  plan.pin = job.pin;
  plan.patience += plan.round;
  return plan;
}

void print(const Ability& ability, const Job& job, const measure::Placement& placement,
           const nlohmann::ordered_json& figures) {
  nlohmann::ordered_json line{{"program", ability.name},
                              {"measure", job.measure == Job::Measure::latency ? "latency" : "throughput"},
                              {"size", job.size},
                              {"seconds", job.seconds},
                              {"pinned", placement.pinned()}};
  line.update(figures);
  fmt::print("{}\n", line.dump());
}

}  // namespace

int measure_latency(const Ability& ability, const Job& job, const measure::LinkKind& link) {
  const measure::RoundTrips result = measure_round_trips({link}, plan(job));
  print(ability, job, result.placement, to_json(result.links.front().all));
  return 0;
}

int measure_throughput(const Ability& ability, const Job& job, const measure::FlowKind& flow) {
  const measure::Flows result = measure_flows({flow}, 1, 1, plan(job));
  const double rate = result.flows.front().rate.median();
  print(ability, job, result.placement,
        {{"events_per_second", rate}, {"bytes_per_second", rate * static_cast<double>(job.size)}});
  return 0;
}

int measure_link(const Ability& ability, const measure::LinkKind& link, int argc, char** argv) {
  return with_job(ability, argc, argv, [&](const Job& job) { return measure_latency(ability, job, link); });
}

}  // namespace peers
