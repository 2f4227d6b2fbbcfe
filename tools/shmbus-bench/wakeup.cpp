// Ping-pong between two processes that sleep in the kernel, over the bus and over two futex words.

#include <fmt/format.h>

#include <memory>

#include "bench_bus.hpp"
#include "bus_ends.hpp"
#include "command.hpp"
#include "measure/progress_bar.hpp"
#include "measurement_options.hpp"
#include "report.hpp"
#include "topic_choice.hpp"

namespace shmbus::bench {

namespace {

struct WakeupOptions {
  TopicChoice topics;
  std::size_t size = 64;
};

constexpr const char* kWakeupHelp = R"(How it is measured:
  Two processes answer each other, and sleep until the answer is there: over two topics, with Subscriber::wait and the
  wait strategy sleep, and over two bare futex words in turns. One way, half of a round trip, is a publish, the wake-up
  of the sleeping reader, and its poll. The ratio is the median of the rounds' ratios.)";

int run(const WakeupOptions& options, const Settings& settings) {
  const BenchBus bus;
  measure::ProgressBar bar("wakeup");
  measure::Plan plan = bench::plan(settings, {.rounds = 7, .round_ms = 500, .warm_up_ms = 200});
  plan.progress = [&bar](double share) { bar.show(share); };

  std::vector<measure::LinkKind> links = {measure::futex_link()};
  std::vector<nlohmann::ordered_json> parameters(1);
  for (const TopicChoice::Kind& kind : options.topics.kinds()) {
    BusEnds ends{.bus = bus.name(), .topic = fmt::format("wakeup.{}", links.size())};
    ends.options = options.topics.options(kind);
    ends.size = options.size;
    check_fits(ends.options, ends.size);
    ends.waiting = Waiting::sleep;
    ends.delivery = Delivery::lossy;
    ends.batch = 1;
    need_shm(ring_bytes(ends.options, 4));
    links.push_back(bus_link(to_string(kind), ends));
    parameters.push_back(to_json(kind));
  }

  nlohmann::ordered_json common_parameters = options.topics.to_json();
  common_parameters["size"] = options.size;
  Report report(settings, plan, "wakeup", common_parameters);
  report_one_way(report, measure_round_trips(links, plan), parameters);
  return 0;
}

}  // namespace

void add_wakeup(tool::CommandLine& line, const Settings& settings) {
  auto options = std::make_shared<WakeupOptions>();
  tool::Command& command = line.verb("wakeup", "How long a sleeping reader takes to wake up, compared with a bare futex");
  options->topics.add_options(command);
  add_size_option(command, options->size);
  command.explain(kWakeupHelp);
  set_action(command, settings, Distributions::drawn, [options, &settings] { return run(*options, settings); });
}

}  // namespace shmbus::bench
