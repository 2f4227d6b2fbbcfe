// One publisher, one reliable subscriber.

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "bench_bus.hpp"
#include "bus_ends.hpp"
#include "command.hpp"
#include "figure_text.hpp"
#include "measure/progress_bar.hpp"
#include "measurement_options.hpp"
#include "report.hpp"
#include "topic_choice.hpp"

namespace shmbus::bench {

namespace {

struct ThroughputOptions {
  TopicChoice topics;
  std::vector<std::size_t> sizes = {64};
  std::string touch = "first";
  std::size_t batch = 256;
  std::size_t together = 1;
};

constexpr const char* kThroughputHelp = R"(How it is measured:
  One process publishes in a tight loop, another polls in a tight loop; it is reliable, so that nothing is lost and
  the publisher waits where it is ahead by the whole ring. The rate is by the receiver: its events from the first it
  saw to the last, by the cycle counter. Reported is the median of the rounds, with the least and the most.
  With --publish-all N each kind of topic is measured a second time, with N events for each publish_all; the ratios of
  these rates to those of single publishes, shared and exclusive, are reported.)";

/// The rate of one series by another's.
struct Ratio {
  std::string name;
  double value;
};

std::string series_name(std::size_t size, const TopicChoice::Kind& kind, std::size_t together) {
  std::string name = fmt::format("{}, {}", size_text(size), to_string(kind));
  if (together != 1) name += fmt::format(", {} at once", together);
  return name;
}

/// Ratios of publishing several at once to one at a time, on topics of the same kind and on exclusive ones.
std::vector<Ratio> ratios_of(const ThroughputOptions& options, const std::vector<measure::Flow>& flows) {
  const auto rate = [&](const std::string& name) {
    const auto flow = std::find_if(flows.begin(), flows.end(), [&](const auto& f) { return f.name == name; });
    return flow == flows.end() ? 0.0 : flow->rate.median();
  };
  std::vector<Ratio> ratios;
  for (const std::size_t size : options.sizes) {
    for (const TopicChoice::Kind& kind : options.topics.kinds()) {
      const std::string name = series_name(size, kind, options.together);
      const std::string same = series_name(size, kind, 1);
      const std::string exclusive = series_name(size, {Writers::exclusive, kind.timestamps}, 1);
      ratios.push_back({name + " / " + same, rate(name) / rate(same)});
      if (exclusive != same && rate(exclusive) > 0)
        ratios.push_back({name + " / " + exclusive, rate(name) / rate(exclusive)});
    }
  }
  return ratios;
}

void add_ratios(Report& report, const ThroughputOptions& options, const std::vector<measure::Flow>& flows) {
  RuledTable table({"ratio", "of events/s"});
  for (const Ratio& ratio : ratios_of(options, flows)) {
    table.add({ratio.name, fmt::format("{:.2f}", ratio.value)});
    report.add(ratio.name, {}, {{"ratio", ratio.value}});
  }
  report.add(table);
}

int run(const ThroughputOptions& options, const Settings& settings) {
  const BenchBus bus;
  measure::ProgressBar bar("throughput");
  measure::Plan plan = bench::plan(settings);
  plan.progress = [&bar](double share) { bar.show(share); };

  std::vector<measure::FlowKind> kinds;
  std::vector<nlohmann::ordered_json> parameters;
  std::uint64_t memory = 0;
  std::vector<std::size_t> together = {1};
  if (options.together != 1) together.push_back(options.together);
  for (const std::size_t size : options.sizes) {
    for (const TopicChoice::Kind& kind : options.topics.kinds()) {
      for (const std::size_t events : together) {
        BusEnds ends{.bus = bus.name(), .topic = fmt::format("throughput.{}", kinds.size())};
        ends.options = options.topics.options(kind);
        ends.size = size;
        check_fits(ends.options, ends.size);
        ends.touch = touch_named(options.touch);
        ends.batch = options.batch;
        ends.together = events;
        kinds.push_back(bus_flow(series_name(size, kind, events), ends));
        parameters.push_back(to_json(kind));
        parameters.back()["size"] = size;
        if (options.together != 1) parameters.back()["publish_all"] = events;
        memory += ring_bytes(ends.options, 1);
      }
    }
  }
  need_shm(memory);

  nlohmann::ordered_json common_parameters = options.topics.to_json();
  common_parameters.update({{"sizes", options.sizes}, {"touch", options.touch}, {"batch", options.batch}});
  if (options.together != 1) common_parameters["publish_all"] = options.together;
  Report report(settings, plan, "throughput", common_parameters);
  const measure::Flows result = measure_flows(kinds, 1, 1, plan);
  report.placement(result.placement);
  RuledTable table({"throughput", "events/s", "min", "max", "bytes/s", "events"});
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const measure::Flow& flow = result.flows[i];
    const auto size = parameters[i]["size"].get<double>();
    table.add({flow.name, count_text(flow.rate.median()) + (flow.rate.noisy() ? " noisy" : ""),
               count_text(flow.rate.min()), count_text(flow.rate.max()), count_text(flow.rate.median() * size),
               count_text(static_cast<double>(flow.events))});
    report.add(flow.name, parameters[i],
               {{"events", flow.events},
                {"lost", flow.lost},
                {"events_per_second", measure::to_json(flow.rate)},
                {"bytes_per_second", flow.rate.median() * size}});
  }
  report.add(table);
  if (options.together != 1) add_ratios(report, options, result.flows);
  report.print();
  return 0;
}

}  // namespace

void add_throughput(tool::CommandLine& line, const Settings& settings) {
  auto options = std::make_shared<ThroughputOptions>();
  tool::Command& command = line.verb("throughput", "How many events per second go from one process to another");
  options->topics.add_options(command);
  add_sizes_option(command, options->sizes);
  add_touch_option(command, options->touch);
  add_batch_option(command, options->batch);
  command.option("--publish-all", "N", tool::whole_number_between(options->together, 1, 1'000'000),
                 "Also measure publish_all with this many events; 1: do not");
  command.explain(kThroughputHelp);
  set_action(command, settings, Distributions::none, [options, &settings] { return run(*options, settings); });
}

}  // namespace shmbus::bench
