// The cost of a publish without waiting readers: alone, and with a lossy reader that the ring laps all the time.

#include <fmt/format.h>

#include <atomic>
#include <memory>
#include <optional>
#include <shmbus/bus.hpp>

#include "bench_bus.hpp"
#include "bus_ends.hpp"
#include "command.hpp"
#include "event_writer.hpp"
#include "figure_text.hpp"
#include "measure/cycle_clock.hpp"
#include "measure/histogram.hpp"
#include "measure/progress_bar.hpp"
#include "measure/role_processes.hpp"
#include "measurement_options.hpp"
#include "report.hpp"
#include "topic_choice.hpp"

namespace shmbus::bench {

namespace {

using measure::CycleClock;
using measure::Histogram;

struct PublishOptions {
  TopicChoice topics{.writers = "both", .stamps = "both"};
  std::size_t size = 64;
  unsigned batch = 1000;
  unsigned lag_us = 20;
};

constexpr const char* kPublishHelp = R"(How it is measured:
  A process publishes batches of events on a topic without subscribers, and reads the cycle counter before and after
  each batch; a batch's time by its events is one value of the distribution. A round's figure is its whole time by all
  its events. "counter" is the same with a reading of the cycle counter in place of each publish: its cost is the unit
  "reads". What time stamps add is the difference of two figures of one round, by the counter's of that round.
  Then the same on a topic with a lossy subscriber in another process, which reads every byte but rests after each
  poll, so that the ring overtakes it again and again; the report has the ratio of the two rates, and how much it lost.)";

/// One thing the publishing process does in turns.
struct Kind {
  std::string name;
  TopicChoice::Kind topic{};
  bool counter = false;
  bool lapped = false;
};

struct Shared {
  std::atomic<bool> going{false};
  std::atomic<std::uint64_t> seen{0};
  std::atomic<std::uint64_t> lost{0};
};

struct Figures {
  std::uint64_t events = 0;
  std::uint64_t ticks = 0;
  double each() const { return static_cast<double>(ticks) / static_cast<double>(events); }
};

std::vector<Kind> kinds_of(const PublishOptions& options) {
  std::vector<Kind> kinds = {{.name = "counter", .counter = true}};
  for (const bool lapped : {false, true}) {
    for (const TopicChoice::Kind& topic : options.topics.kinds())
      kinds.push_back({.name = to_string(topic) + (lapped ? ", lapped reader" : ""), .topic = topic, .lapped = lapped});
  }
  return kinds;
}

/// Batches of `work` until the time is over. The histogram gets thousandths of ticks an event.
template <class Work>
Figures run_batches(std::uint64_t ticks, unsigned batch, Histogram& histogram, Work&& work) {
  Figures figures;
  std::uint64_t last = CycleClock::now();
  while (figures.ticks < ticks) {
    for (unsigned i = 0; i < batch; ++i) work();
    const std::uint64_t now = CycleClock::now();
    histogram.add((now - last) * 1000 / batch);
    figures.ticks += now - last;
    figures.events += batch;
    last = now;
  }
  return figures;
}

/// The publishing and the reading process, and what they leave behind.
class PublishRun {
 public:
  PublishRun(const PublishOptions& options, const measure::Plan& plan)
      : options_(options),
        plan_(plan),
        kinds_(kinds_of(options)),
        all_(kinds_.size()),
        figures_(kinds_.size() * plan.rounds) {
    const TopicOptions shape = options.topics.options({Writers::shared, false});
    check_fits(shape, options.size);
    need_shm(ring_bytes(shape, kinds_.size()));
  }

  measure::Placement run() {
    const measure::Placement placement = measure::place(2, plan_.pin, plan_.cores);
    measure::RoleProcesses roles(placement, plan_.pauses);
    roles.add("the publisher", [this](measure::Role& role) { publish(role); });
    roles.add("the lapped reader", [this](measure::Role& role) { read(role); });
    const auto units = static_cast<double>(kinds_.size() * (plan_.rounds + 1));
    roles.run({.patience = plan_.patience,
               .tick = [this, units](std::uint64_t done) { plan_.progress(static_cast<double>(done) / units); }});
    clock_.calibrate();
    return placement;
  }

  const std::vector<Kind>& kinds() const { return kinds_; }
  const Histogram& histogram(std::size_t kind) const { return all_[kind]; }
  double ns_per_tick() const { return clock_.ns_per_tick(); }
  std::uint64_t seen() const { return shared_->seen.load(); }
  std::uint64_t lost() const { return shared_->lost.load(); }

  /// Nanoseconds an event, round by round.
  measure::Rounds nanoseconds(std::size_t kind) const {
    measure::Rounds rounds;
    for (unsigned i = 0; i < plan_.rounds; ++i)
      rounds.add(figures_[kind * plan_.rounds + i].each() * clock_.ns_per_tick());
    return rounds;
  }

 private:
  std::string topic(std::size_t kind) const { return fmt::format("publish.{}", kind); }

  void publish(measure::Role& role) {
    Bus bus = Bus::open(bus_.name());
    std::vector<std::optional<EventWriter>> writers;
    for (std::size_t k = 0; k < kinds_.size(); ++k) {
      writers.emplace_back();
      if (kinds_[k].counter) continue;
      BusEnds ends;
      ends.options = options_.topics.options(kinds_[k].topic);
      ends.size = options_.size;
      ends.touch = measure::Touch::first;
      writers.back().emplace(bus, topic(k), ends);
    }
    const auto histogram = std::make_unique<Histogram>();
    std::uint64_t number = 0;
    for (unsigned i = 0; i <= plan_.rounds; ++i) {
      const std::uint64_t ticks = clock_.ticks(static_cast<double>((i == 0 ? plan_.warm_up : plan_.round).count()));
      for (std::size_t k = 0; k < kinds_.size(); ++k) {
        if (kinds_[k].lapped) shared_->going.store(true);
        role.meet();
        histogram->clear();
        const Figures figures =
            kinds_[k].counter
                ? run_batches(ticks, options_.batch, *histogram, [] { asm volatile(""
                                                                                   :
                                                                                   : "r"(CycleClock::now())); })
                : run_batches(ticks, options_.batch, *histogram, [&] { writers[k]->write(++number); });
        shared_->going.store(false);
        if (i != 0) figures_[k * plan_.rounds + i - 1] = figures;
        if (i != 0) all_[k].merge(*histogram);
        role.advance();
        role.meet();
      }
    }
  }

  void read(measure::Role& role) {
    Bus bus = Bus::open(bus_.name());
    std::vector<std::optional<Subscriber>> subscribers;
    for (std::size_t k = 0; k < kinds_.size(); ++k) {
      subscribers.emplace_back();
      if (kinds_[k].lapped) subscribers.back().emplace(bus.subscriber(topic(k)));
    }
    const std::uint64_t lag = clock_.ticks(options_.lag_us * 1e3);
    bool whole = true;
    const auto handler = [&whole](const Event& event) {
      measure::read_number(event.payload(), measure::Touch::all, whole);
    };
    for (unsigned i = 0; i <= plan_.rounds; ++i) {
      for (std::size_t k = 0; k < kinds_.size(); ++k) {
        role.meet();
        while (kinds_[k].lapped && shared_->going.load(std::memory_order_relaxed)) {
          subscribers[k]->poll(handler);
          const std::uint64_t rested = CycleClock::now() + lag;
          while (CycleClock::now() < rested) role.spin()();
        }
        role.meet();
      }
    }
    for (const auto& subscriber : subscribers) {
      if (!subscriber) continue;
      shared_->seen += subscriber->delivered();
      shared_->lost += subscriber->lost();
    }
  }

  const PublishOptions& options_;
  const measure::Plan& plan_;
  const BenchBus bus_;
  CycleClock clock_;
  std::vector<Kind> kinds_;
  measure::SharedArray<Histogram> all_;
  measure::SharedArray<Figures> figures_;
  measure::SharedValue<Shared> shared_;
};

/// The stamped kind by the same without, and the lapped kind by the same without.
std::optional<std::size_t> partner(const std::vector<Kind>& kinds, const Kind& of, bool timestamps, bool lapped) {
  for (std::size_t k = 0; k < kinds.size(); ++k) {
    const Kind& kind = kinds[k];
    if (!kind.counter && kind.topic.writers == of.topic.writers && kind.topic.timestamps == timestamps &&
        kind.lapped == lapped)
      return k;
  }
  return std::nullopt;
}

void report_run(const PublishRun& run, Report& report) {
  const measure::Rounds read = run.nanoseconds(0);
  RuledTable table({"publish", "each", "in reads", "p50", "p99", "p99.9", "max", "stamp adds", "rate/alone"});
  for (std::size_t k = 0; k < run.kinds().size(); ++k) {
    const Kind& kind = run.kinds()[k];
    const measure::Rounds each = run.nanoseconds(k);
    const measure::Rounds in_reads = ratios(each, read);
    const measure::Distribution all = measure::distribution(run.histogram(k), run.ns_per_tick() / 1000);
    nlohmann::ordered_json figures = {{"unit", "ns"},
                                      {"distribution", measure::to_json(all)},
                                      {"each", measure::to_json(each)},
                                      {"reads", measure::to_json(in_reads)}};
    std::string stamp_adds;
    std::string rate;
    if (const auto plain = partner(run.kinds(), kind, false, kind.lapped); plain && kind.topic.timestamps) {
      measure::Rounds added;
      for (std::size_t i = 0; i < each.values().size(); ++i)
        added.add((each.values()[i] - run.nanoseconds(*plain).values()[i]) / read.values()[i]);
      figures["stamp_adds_reads"] = measure::to_json(added);
      stamp_adds = fmt::format("{:.2f} reads", added.median());
    }
    if (const auto alone = partner(run.kinds(), kind, kind.topic.timestamps, false); alone && kind.lapped) {
      const measure::Rounds by = ratios(run.nanoseconds(*alone), each);
      figures["rate_ratio"] = measure::to_json(by);
      rate = ratio_text(by.median()) + (by.noisy() ? " noisy" : "");
    }
    table.add({kind.name, time_text(each.median()) + (each.noisy() ? " noisy" : ""),
               fmt::format("{:.2f}", in_reads.median()), time_text(all.p50), time_text(all.p99), time_text(all.p99_9),
               time_text(all.max), stamp_adds, rate});
    nlohmann::ordered_json parameters = kind.counter ? nlohmann::ordered_json::object() : to_json(kind.topic);
    parameters["lapped_reader"] = kind.lapped;
    report.add(kind.name, parameters, figures);
    report.curve(kind.name, percentile_curve(run.histogram(k), run.ns_per_tick() / 1000));
  }
  report.add(table);
  report.add("lapped reader", {}, {{"seen", run.seen()}, {"lost", run.lost()}});
  report.note(fmt::format("The lapped reader saw {} events and lost {}.", count_text(static_cast<double>(run.seen())),
                          count_text(static_cast<double>(run.lost()))));
}

int run(const PublishOptions& options, const Settings& settings) {
  measure::ProgressBar bar("publish");
  measure::Plan plan = bench::plan(settings);
  plan.progress = [&bar](double share) { bar.show(share); };
  nlohmann::ordered_json common_parameters = options.topics.to_json();
  common_parameters.update({{"size", options.size}, {"batch", options.batch}, {"lag_us", options.lag_us}});
  Report report(settings, plan, "publish", common_parameters);
  PublishRun measurement(options, plan);
  report.placement(measurement.run());
  report_run(measurement, report);
  report.print();
  return 0;
}

}  // namespace

void add_publish(tool::CommandLine& line, const Settings& settings) {
  auto options = std::make_shared<PublishOptions>();
  tool::Command& command = line.verb("publish", "The cost of a publish without waiting readers");
  options->topics.add_options(command);
  add_size_option(command, options->size);
  command.option("--batch", "N", tool::whole_number_between(options->batch, 1, 1'000'000),
                 "Events between two readings of the clock");
  command.option("--lag-us", "US", tool::whole_number_between(options->lag_us, 0, 1'000'000),
                 "How long the lapped reader pauses after each poll");
  command.explain(kPublishHelp);
  set_action(command, settings, Distributions::drawn, [options, &settings] { return run(*options, settings); });
}

}  // namespace shmbus::bench
