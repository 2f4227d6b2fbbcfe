// Ping-pong over two topics, between two processes.

#include <fmt/format.h>

#include <memory>
#include <shmbus/bus.hpp>

#include "bench_bus.hpp"
#include "bus_ends.hpp"
#include "command.hpp"
#include "measure/progress_bar.hpp"
#include "measurement_options.hpp"
#include "report.hpp"
#include "topic_choice.hpp"

namespace shmbus::bench {

namespace {

struct LatencyOptions {
  TopicChoice topics;
  std::vector<std::string> waiting = {"poll", "sleep"};
  std::size_t size = 64;
  std::string touch = "ends";
  std::size_t batch = 1;
};

constexpr const char* kLatencyHelp = R"(How it is measured:
  Two processes, each on a core of its own, answer each other over two topics. One way is half of a round trip. The
  cycle counter is read once each round trip, so that the end of one is the beginning of the next and nothing between
  them is left out; its rate is taken from the clock over the whole run. Every round trip is in the histogram, which
  has 1,024 buckets to each power of two.
  The floor is two cache lines, one each way: each process spins on one and writes the other, which is the least that
  two cores need to tell each other anything. It takes turns with the bus, round by round, in the same two processes;
  the ratio is the median of the rounds' ratios.
  "poll" spins with Subscriber::poll alone; the others wait with Subscriber::wait, as their wait strategy says.
  Each event's first and last word are written, read and compared (--touch all: every byte).)";

int run(const LatencyOptions& options, const Settings& settings) {
  const BenchBus bus;
  measure::ProgressBar bar("latency");
  measure::Plan plan = bench::plan(settings);
  plan.progress = [&bar](double share) { bar.show(share); };

  std::vector<measure::LinkKind> links = {measure::line_link("floor")};
  std::vector<nlohmann::ordered_json> parameters(1);
  std::uint64_t memory = 0;
  for (const std::string& waiting : options.waiting) {
    for (const TopicChoice::Kind& kind : options.topics.kinds()) {
      BusEnds ends{.bus = bus.name(), .topic = fmt::format("latency.{}", links.size())};
      ends.options = options.topics.options(kind);
      ends.size = options.size;
      check_fits(ends.options, ends.size);
      ends.touch = touch_named(options.touch);
      ends.waiting = waiting_named(waiting);
      ends.delivery = Delivery::lossy;
      ends.batch = options.batch;
      links.push_back(bus_link(fmt::format("{}, {}", to_string(kind), waiting), ends));
      parameters.push_back(to_json(kind));
      parameters.back()["wait"] = waiting;
      memory += ring_bytes(ends.options, 2);
    }
  }
  need_shm(memory);

  nlohmann::ordered_json common_parameters = options.topics.to_json();
  common_parameters.update({{"wait", options.waiting}, {"size", options.size}, {"touch", options.touch}, {"batch", options.batch}});
  Report report(settings, plan, "latency", common_parameters);
  report_one_way(report, measure_round_trips(links, plan), parameters);
  return 0;
}

}  // namespace

void add_latency(tool::CommandLine& line, const Settings& settings) {
  auto options = std::make_shared<LatencyOptions>();
  tool::Command& command = line.verb("latency", "How long an event takes to another process, compared with the floor");
  options->topics.add_options(command);
  const auto way = [](std::string& to) { return tool::choice(to, {"poll", "spin", "balanced", "sleep"}); };
  command.option("--wait", "WAIT,...", tool::list_value(options->waiting, way),
                 "How the processes wait: poll, spin, balanced or sleep, or several");
  add_size_option(command, options->size);
  add_touch_option(command, options->touch);
  add_batch_option(command, options->batch);
  command.explain(kLatencyHelp);
  set_action(command, settings, Distributions::drawn, [options, &settings] { return run(*options, settings); });
}

}  // namespace shmbus::bench
