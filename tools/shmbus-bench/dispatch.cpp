// Handlers called by subscriptions, compared with the same handlers called by a loop of poll and wait.

#include <fmt/format.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <shmbus/bus.hpp>
#include <stdexcept>

#include "bench_bus.hpp"
#include "bus_ends.hpp"
#include "command.hpp"
#include "figure_text.hpp"
#include "measure/cycle_clock.hpp"
#include "measure/histogram.hpp"
#include "measure/progress_bar.hpp"
#include "measure/role_processes.hpp"
#include "measurement_options.hpp"
#include "report.hpp"

namespace shmbus::bench {

namespace {

using measure::CycleClock;
using measure::Failure;
using measure::kLastEvent;
using measure::Rounds;

struct DispatchChoice {
  std::vector<std::size_t> workers = {1, 2};
  std::uint64_t rate = 20'000;
  std::uint64_t events = 40'000;
  std::size_t size = 64;
};

constexpr const char* kDispatchHelp = R"(How it is measured:
  One process publishes, and never sleeps; in another one the same handler is called by a loop of Subscriber::poll and
  Subscriber::wait ("poll"), and by subscriptions (Bus::subscribe) with so many workers. They take turns, round by
  round, each on a topic of its own; the ratios are to "poll" and the medians of the rounds' ratios.
  Paced: events go out one by one at the rate; the time is from before the publish to the handler, by cycle counters,
  waking up included. At full speed: as many as go, to reliable subscribers; with poll the loop spins. The rate is by
  the receiver, from the first event to the last.)";

/// The head of each payload.
struct Head {
  std::uint64_t number;
  std::uint64_t stamp;
};

/// Calls a handler for each event of a topic, by a loop of its own or by workers.
class Receiving {
 public:
  Receiving(Bus& bus, const std::string& topic, const SubscriberOptions& options, std::size_t workers, bool spins,
            std::function<void(const Event&)> handler)
      : handler_(std::move(handler)), spins_(spins) {
    if (workers == 0)
      subscriber_.emplace(bus.subscriber(topic, options));
    else
      subscription_.emplace(bus.subscribe(topic, handler_, {.subscriber = options, .workers = workers}));
  }

  /// Runs until the handler has set `ended`.
  void run_until(const std::atomic<bool>& ended) {
    if (!subscriber_) ended.wait(false, std::memory_order_acquire);  // asleep: the workers have the core
    while (!ended.load(std::memory_order_acquire)) {
      if (subscriber_->poll(handler_) == 0 && !spins_) subscriber_->wait();
    }
  }

 private:
  std::function<void(const Event&)> handler_;
  bool spins_;
  std::optional<Subscriber> subscriber_;
  std::optional<Subscription> subscription_;
};

// ---------------------------------------------------------------------------------------------------- full speed

class FlowReceiver final : public measure::Receiver {
 public:
  FlowReceiver(const BusEnds& ends, std::size_t workers)
      : bus_(Bus::open(ends.bus)),
        receiving_(bus_, ends.topic, {.delivery = Delivery::reliable}, workers, true,
                   [this](const Event& event) { see(event); }) {}

  measure::Received receive(unsigned) override {
    receiving_.run_until(ended_);
    ended_.store(false, std::memory_order_release);
    return seen_;
  }

 private:
  void see(const Event& event) {
    std::uint64_t number = 0;
    std::memcpy(&number, event.payload().data(), sizeof number);
    if (number == 1) {
      seen_.first = CycleClock::now();
      first_sequence_ = event.sequence();
    }
    if (number != kLastEvent) return;
    seen_.last = CycleClock::now();
    seen_.events = event.sequence() - first_sequence_ + 1;
    ended_.store(true, std::memory_order_release);
    ended_.notify_one();
  }

  Bus bus_;
  measure::Received seen_;
  std::uint64_t first_sequence_ = 0;
  std::atomic<bool> ended_{false};
  Receiving receiving_;
};

// --------------------------------------------------------------------------------------------------------- paced

void publish_paced(Publisher& publisher, std::vector<std::byte>& payload, std::uint64_t events, std::uint64_t ticks) {
  const std::uint64_t began = CycleClock::now();
  for (std::uint64_t n = 1; n <= events; ++n) {
    while (CycleClock::now() - began < n * ticks) measure::pause();
    const Head head{.number = n == events ? kLastEvent : n, .stamp = CycleClock::now()};
    std::memcpy(payload.data(), &head, sizeof head);
    if (!publisher.publish(payload)) throw Failure("a publish failed");
  }
}

/// The times of one kind in the round that runs.
class TimedReceiver {
 public:
  TimedReceiver(const std::string& bus, const std::string& topic, std::size_t workers)
      : bus_(Bus::open(bus)), receiving_(bus_, topic, {}, workers, false, [this](const Event& event) { see(event); }) {}

  void receive(measure::Histogram& times) {
    times_.store(&times, std::memory_order_release);
    receiving_.run_until(ended_);
    ended_.store(false, std::memory_order_release);
  }

 private:
  void see(const Event& event) {
    const std::uint64_t now = CycleClock::now();  // cores may disagree by some ticks
    Head head{};
    std::memcpy(&head, event.payload().data(), sizeof head);
    while (busy_.exchange(true, std::memory_order_acquire)) measure::pause();  // with several workers
    if (measure::Histogram* times = times_.load(std::memory_order_acquire))
      times->add(now > head.stamp ? now - head.stamp : 0);
    busy_.store(false, std::memory_order_release);
    if (head.number != kLastEvent) return;
    ended_.store(true, std::memory_order_release);
    ended_.notify_one();
  }

  Bus bus_;
  std::atomic<measure::Histogram*> times_{nullptr};
  std::atomic<bool> busy_{false};
  std::atomic<bool> ended_{false};
  Receiving receiving_;
};

struct Kind {
  std::string name;
  std::size_t workers;      ///< 0: poll and wait
  std::string paced, flow;  ///< topics
};

std::vector<Kind> kinds_of(const DispatchChoice& choice) {
  std::vector<Kind> kinds = {{"poll", 0, "dispatch.paced.poll", "dispatch.flow.poll"}};
  for (const std::size_t n : choice.workers) {
    kinds.push_back({fmt::format("subscribe, {} worker{}", n, n == 1 ? "" : "s"), n,
                     fmt::format("dispatch.paced.{}", n), fmt::format("dispatch.flow.{}", n)});
  }
  return kinds;
}

void measure_paced(const DispatchChoice& choice, const std::vector<Kind>& kinds, const std::string& bus_name,
                   const measure::Plan& plan, Report& report) {
  CycleClock clock;
  const std::uint64_t ticks = clock.ticks(1e9 / static_cast<double>(choice.rate));
  const std::uint64_t events = std::max<std::uint64_t>(1, choice.events / plan.rounds);
  const std::uint64_t warm_up = std::max<std::uint64_t>(1, events / 10);
  const measure::SharedArray<measure::Histogram> times(kinds.size() * (plan.rounds + 1));
  const auto each_round = [&](measure::Role& role, const auto& turn) {
    for (unsigned round = 0; round <= plan.rounds; ++round) {  // the first warms up
      for (std::size_t k = 0; k < kinds.size(); ++k) {
        role.meet();
        turn(k, round);
        role.advance();
      }
    }
    role.meet();
  };

  const measure::Placement placement = measure::place(2, plan.pin, plan.cores);
  measure::RoleProcesses roles(placement, plan.pauses);
  roles.add("publisher", [&](measure::Role& role) {
    Bus bus = Bus::open(bus_name);
    std::vector<Publisher> publishers;
    for (const Kind& kind : kinds) publishers.push_back(bus.publisher(kind.paced));
    std::vector<std::byte> payload(choice.size);
    each_round(role, [&](std::size_t k, unsigned round) {
      publish_paced(publishers[k], payload, round == 0 ? warm_up : events, ticks);
    });
  });
  roles.add("receiver", [&](measure::Role& role) {
    std::vector<std::unique_ptr<TimedReceiver>> receivers;
    for (const Kind& kind : kinds)
      receivers.push_back(std::make_unique<TimedReceiver>(bus_name, kind.paced, kind.workers));
    each_round(role,
               [&](std::size_t k, unsigned round) { receivers[k]->receive(times[k * (plan.rounds + 1) + round]); });
  });
  roles.run({.patience = plan.patience, .tick = {}});
  clock.calibrate();

  report.placement(placement);
  RuledTable table({"paced: publish to handler", "p50", "p99", "max", "p50 / poll", "p99 / poll"});
  Rounds floor_p50, floor_p99;
  for (std::size_t k = 0; k < kinds.size(); ++k) {
    measure::Histogram all;
    Rounds p50, p99;
    for (unsigned round = 1; round <= plan.rounds; ++round) {
      const measure::Histogram& one = times[k * (plan.rounds + 1) + round];
      all.merge(one);
      p50.add(clock.nanoseconds(one.quantile(0.5)));
      p99.add(clock.nanoseconds(one.quantile(0.99)));
    }
    if (k == 0) floor_p50 = p50, floor_p99 = p99;
    const measure::Distribution d = measure::distribution(all, clock.ns_per_tick());
    const Rounds p50_ratio = measure::ratios(p50, floor_p50), p99_ratio = measure::ratios(p99, floor_p99);
    table.add({kinds[k].name, time_text(d.p50), time_text(d.p99), time_text(d.max), ratio_text(p50_ratio.median()),
               ratio_text(p99_ratio.median())});
    report.add("paced, " + kinds[k].name, {{"workers", kinds[k].workers}, {"rate", choice.rate}},
               {{"distribution", measure::to_json(d)},
                {"p50", measure::to_json(p50)},
                {"p99", measure::to_json(p99)},
                {"p50_ratio", measure::to_json(p50_ratio)},
                {"p99_ratio", measure::to_json(p99_ratio)}});
  }
  report.add(table);
}

void measure_flow(const DispatchChoice& choice, const std::vector<Kind>& kinds, const BusEnds& ends,
                  const measure::Plan& plan, Report& report) {
  std::vector<measure::FlowKind> flows;
  for (const Kind& kind : kinds) {
    BusEnds own = ends;
    own.topic = kind.flow;
    flows.push_back(bus_flow(kind.name, own));
    flows.back().receiver = [own, workers = kind.workers](unsigned, measure::Spin) {
      return std::make_unique<FlowReceiver>(own, workers);
    };
  }
  const measure::Flows result = measure_flows(flows, 1, 1, plan);
  RuledTable table({"full speed, reliable", "events/s", "min", "max", "rate / poll"});
  for (std::size_t k = 0; k < kinds.size(); ++k) {
    const measure::Flow& flow = result.flows[k];
    const Rounds ratio = measure::ratios(flow.rate, result.flows.front().rate);
    table.add({kinds[k].name, count_text(flow.rate.median()) + (flow.rate.noisy() ? " noisy" : ""),
               count_text(flow.rate.min()), count_text(flow.rate.max()), ratio_text(ratio.median())});
    report.add("full speed, " + kinds[k].name, {{"workers", kinds[k].workers}, {"size", choice.size}},
               {{"events", flow.events},
                {"events_per_second", measure::to_json(flow.rate)},
                {"rate_ratio", measure::to_json(ratio)}});
  }
  report.add(table);
}

int run(const DispatchChoice& choice, const Settings& settings) {
  const BenchBus bus;
  measure::ProgressBar bar("dispatch");
  measure::Plan plan = bench::plan(settings, {.rounds = 8, .round_ms = 200, .warm_up_ms = 50});
  DispatchChoice chosen = choice;
  if (settings.quick) chosen.events = std::min<std::uint64_t>(chosen.events, 2'000);
  const std::vector<Kind> kinds = kinds_of(chosen);
  BusEnds ends{.bus = bus.name(), .topic = {}};
  ends.size = chosen.size;
  ends.touch = measure::Touch::first;
  check_fits(ends.options, ends.size);
  if (ends.size < sizeof(Head)) throw std::invalid_argument("--size: expected at least 16 bytes");
  need_shm(ring_bytes(ends.options, 2 * kinds.size()));

  Report report(settings, plan, "dispatch",
                {{"workers", chosen.workers}, {"rate", chosen.rate}, {"events", chosen.events}, {"size", chosen.size}});
  measure_paced(chosen, kinds, bus.name(), plan, report);
  plan.progress = [&bar](double share) { bar.show(share); };
  measure_flow(chosen, kinds, ends, plan, report);
  report.print();
  return 0;
}

}  // namespace

void add_dispatch(tool::CommandLine& line, const Settings& settings) {
  auto choice = std::make_shared<DispatchChoice>();
  tool::Command& command = line.verb("dispatch", "How fast events reach the handlers of subscriptions, compared with poll");
  const auto worker_count = [](std::size_t& to) { return tool::whole_number_between(to, 1, 64); };
  command.option("--workers", "N,...", tool::list_value(choice->workers, worker_count),
                 "Numbers of workers of the subscriptions to compare");
  command.option("--rate", "N", tool::whole_number_between(choice->rate, 1, 1'000'000), "Paced events per second");
  command.option("--events", "N", tool::whole_number_between(choice->events, 100, 100'000'000),
                 "Paced events of each kind, in all rounds together");
  add_size_option(command, choice->size);
  command.explain(kDispatchHelp);
  set_action(command, settings, Distributions::none, [choice, &settings] { return run(*choice, settings); });
}

}  // namespace shmbus::bench
