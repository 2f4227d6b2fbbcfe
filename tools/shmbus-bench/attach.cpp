// The cost of becoming a member of a bus with many topics.

#include <fmt/format.h>

#include <array>
#include <memory>
#include <optional>
#include <shmbus/bus.hpp>

#include "bench_bus.hpp"
#include "bus_ends.hpp"
#include "command.hpp"
#include "figure_text.hpp"
#include "measure/cycle_clock.hpp"
#include "measure/histogram.hpp"
#include "measure/progress_bar.hpp"
#include "measure/role_processes.hpp"
#include "report.hpp"

namespace shmbus::bench {

namespace {

using measure::CycleClock;
using measure::Histogram;

constexpr const char* kAttachHelp = R"(How it is measured:
  A process makes a bus and its topics, each with one event, and stays. Another attaches, times each step by the cycle
  counter, detaches, and does it again: it opens the bus (a node), a publisher of one topic that exists, and a
  subscriber of another; these three are "together". Apart from them, a subscriber of all topics ('>').)";

constexpr std::array kSteps = {"together", "node", "publisher", "subscriber", "subscriber of all"};
enum Step : std::size_t { together, node, publisher, subscriber, subscriber_of_all, steps };

std::string topic(unsigned number) { return fmt::format("attach.{}", number); }

void attach_once(const std::string& bus_name, unsigned topics, std::array<std::uint64_t, steps>& ticks) {
  const std::uint64_t begin = CycleClock::now();
  Bus bus = Bus::open(bus_name);
  const std::uint64_t opened = CycleClock::now();
  const Publisher out = bus.publisher(topic(topics / 2));
  const std::uint64_t publishes = CycleClock::now();
  std::optional<Subscriber> in = bus.subscriber(topic(topics - 1));
  const std::uint64_t subscribed = CycleClock::now();
  in = bus.subscriber(">");
  const std::uint64_t end = CycleClock::now();
  if (in->topics() != topics) throw measure::Failure(fmt::format("found {} of {} topics", in->topics(), topics));
  ticks = {subscribed - begin, opened - begin, publishes - opened, subscribed - publishes, end - subscribed};
}

int run(unsigned topics, const Settings& settings) {
  const BenchBus bus;
  need_shm(ring_bytes({.block_size = 256 * 1024, .blocks = 2}, topics));
  measure::ProgressBar bar("attach");
  const measure::Plan plan = bench::plan(settings);
  const CycleClock clock;
  const measure::SharedArray<Histogram> all(steps);
  const measure::SharedArray<std::array<double, steps>> medians(plan.rounds);

  const measure::Placement placement = measure::place(2, plan.pin, plan.cores);
  measure::RoleProcesses roles(placement);
  roles.add("the founder", [&](measure::Role& role) {
    Bus member = Bus::open(bus.name());
    for (unsigned i = 0; i < topics; ++i) {
      if (!member.publisher(topic(i)).publish("first")) throw measure::Failure("can't publish on a new topic");
    }
    role.meet();
    role.meet();
  });
  roles.add("the newcomer", [&](measure::Role& role) {
    role.meet();
    const auto round = std::make_unique<std::array<Histogram, steps>>();
    for (unsigned i = 0; i <= plan.rounds; ++i) {  // the first warms up
      for (Histogram& histogram : *round) histogram.clear();
      const std::uint64_t time = clock.ticks(static_cast<double>((i == 0 ? plan.warm_up : plan.round).count()));
      for (const std::uint64_t began = CycleClock::now(); CycleClock::now() - began < time;) {
        std::array<std::uint64_t, steps> ticks{};
        attach_once(bus.name(), topics, ticks);
        for (std::size_t step = 0; step < steps; ++step) (*round)[step].add(ticks[step]);
      }
      role.advance();
      for (std::size_t step = 0; i != 0 && step < steps; ++step) {
        medians[i - 1][step] = clock.nanoseconds((*round)[step].quantile(0.5));
        all[step].merge((*round)[step]);
      }
    }
    role.meet();
  });
  roles.run({.patience = plan.patience,
             .tick = [&](std::uint64_t done) { bar.show(static_cast<double>(done) / (plan.rounds + 1)); }});

  Report report(settings, plan, "attach", {{"topics", topics}});
  report.placement(placement);
  RuledTable table({fmt::format("attach to {} topics", topics), "p50", "p90", "p99", "p99.9", "max", "count"});
  for (std::size_t step = 0; step < steps; ++step) {
    measure::Rounds p50;
    for (unsigned i = 0; i < plan.rounds; ++i) p50.add(medians[i][step]);
    const measure::Distribution times = measure::distribution(all[step], clock.ns_per_tick());
    table.add({kSteps[step], time_text(times.p50), time_text(times.p90), time_text(times.p99), time_text(times.p99_9),
               time_text(times.max), count_text(static_cast<double>(times.count))});
    report.add(kSteps[step], {{"topics", topics}},
               {{"unit", "ns"}, {"distribution", measure::to_json(times)}, {"p50", measure::to_json(p50)}});
    report.curve(kSteps[step], percentile_curve(all[step], clock.ns_per_tick()));
  }
  report.add(table);
  report.print();
  return 0;
}

}  // namespace

void add_attach(tool::CommandLine& line, const Settings& settings) {
  auto topics = std::make_shared<unsigned>(100);
  tool::Command& command = line.verb("attach", "How long a new member takes to attach to a bus");
  command.option("--topics", "N", tool::whole_number_between(*topics, 1, 4000), "How many topics the bus has");
  command.explain(kAttachHelp);
  set_action(command, settings, Distributions::drawn, [topics, &settings] { return run(*topics, settings); });
}

}  // namespace shmbus::bench
