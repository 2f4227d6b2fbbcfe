// One publisher to several subscribers, and several publishers to one.

#include <fmt/format.h>

#include <memory>

#include "bench_bus.hpp"
#include "bus_ends.hpp"
#include "command.hpp"
#include "figure_text.hpp"
#include "measure/progress_bar.hpp"
#include "measure/role_processes.hpp"
#include "measurement_options.hpp"
#include "report.hpp"

namespace shmbus::bench {

namespace {

struct FanoutOptions {
  std::vector<unsigned> readers = {1, 2, 4, 8};
  std::vector<unsigned> publishers = {2, 4, 8};
  std::size_t size = 64;
  std::string touch = "first";
  std::size_t batch = 256;
};

constexpr const char* kFanoutHelp = R"(How it is measured:
  All processes run in tight loops; all subscribers are reliable, so that each of them gets every event and the
  slowest sets the pace. The report has its rate, and the sum over all of them. The topic is shared. With more processes than
  cores they take turns, and give the core away whenever they find nothing.)";

int run(const FanoutOptions& options, const Settings& settings) {
  struct Case {
    unsigned publishers;
    unsigned readers;
  };
  std::vector<Case> cases;
  for (const unsigned n : options.readers) cases.push_back({1, n});
  for (const unsigned n : options.publishers) cases.push_back({n, 1});

  measure::ProgressBar bar("fanout");
  measure::Plan plan = bench::plan(settings);
  std::size_t finished = 0;
  plan.progress = [&](double share) {
    bar.show((static_cast<double>(finished) + share) / static_cast<double>(cases.size()));
  };

  Report report(settings, plan, "fanout",
                {{"readers", options.readers},
                 {"publishers", options.publishers},
                 {"size", options.size},
                 {"touch", options.touch},
                 {"batch", options.batch}});
  RuledTable table({"fanout", "events/s each", "min", "max", "all together/s", "pinned"});
  for (const Case& one : cases) {
    const BenchBus bus;
    BusEnds ends{.bus = bus.name(), .topic = "fanout"};
    ends.options.timestamps = false;
    ends.size = options.size;
    check_fits(ends.options, ends.size);
    ends.touch = touch_named(options.touch);
    ends.batch = options.batch;
    need_shm(ring_bytes(ends.options, 1));
    const std::string name = fmt::format("{} to {}", one.publishers, one.readers);
    const measure::Flows result = measure_flows({bus_flow(name, ends)}, one.publishers, one.readers, plan);
    const measure::Flow& flow = result.flows.front();
    ++finished;
    table.add({name, count_text(flow.rate.median()) + (flow.rate.noisy() ? " noisy" : ""), count_text(flow.rate.min()),
               count_text(flow.rate.max()), count_text(flow.total.median()),
               result.placement.pinned() ? "yes" : result.placement.why});
    report.add(name, {{"publishers", one.publishers}, {"readers", one.readers}, {"size", options.size}},
               {{"placement", measure::to_json(result.placement)},
                {"events", flow.events},
                {"sent", flow.sent},
                {"lost", flow.lost},
                {"events_per_second", measure::to_json(flow.rate)},
                {"total_events_per_second", measure::to_json(flow.total)}});
    if (flow.events != flow.sent * one.readers)
      throw measure::Failure(fmt::format("{}: {} events were published and {} seen", name, flow.sent, flow.events));
  }
  report.add(table);
  report.print();
  return 0;
}

}  // namespace

void add_fanout(tool::CommandLine& line, const Settings& settings) {
  auto options = std::make_shared<FanoutOptions>();
  tool::Command& command = line.verb("fanout", "One publisher to several subscribers, and several to one");
  const auto process_count = [](unsigned& to) { return tool::whole_number_between(to, 1, 64); };
  command.option("--readers", "N,...", tool::list_value(options->readers, process_count),
                 "How many subscribers, of one publisher");
  command.option("--publishers", "N,...", tool::list_value(options->publishers, process_count),
                 "How many publishers, to one subscriber");
  add_size_option(command, options->size);
  add_touch_option(command, options->touch);
  add_batch_option(command, options->batch);
  command.explain(kFanoutHelp);
  set_action(command, settings, Distributions::none, [options, &settings] { return run(*options, settings); });
}

}  // namespace shmbus::bench
