#include <fmt/format.h>

#include <chrono>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

#include "intervals.hpp"
#include "output.hpp"
#include "quantity_text.hpp"
#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "signal_scope.hpp"
#include "standard_error.hpp"
#include "snapshot_topics.hpp"
#include "verb.hpp"

namespace shmbus::tool {
namespace {

using Clock = std::chrono::steady_clock;

struct HzOptions {
  std::string topic;
  double interval = 1;
  std::uint64_t count = std::numeric_limits<std::uint64_t>::max();
  bool json = false;
};

std::chrono::nanoseconds ns(double value) { return std::chrono::nanoseconds{static_cast<std::int64_t>(value)}; }

void print(std::string& out, const Intervals& seen, double rate, std::uint64_t lost, bool json) {
  if (json) {
    nlohmann::ordered_json object;
    object["rate"] = rate;
    object["events"] = seen.events();
    object["lost"] = lost;
    const bool any = seen.count() != 0;
    object["mean_ns"] = any ? nlohmann::ordered_json(seen.mean()) : nlohmann::ordered_json(nullptr);
    object["min_ns"] = any ? nlohmann::ordered_json(seen.least()) : nlohmann::ordered_json(nullptr);
    object["max_ns"] = any ? nlohmann::ordered_json(seen.most()) : nlohmann::ordered_json(nullptr);
    object["deviation_ns"] = any ? nlohmann::ordered_json(seen.deviation()) : nlohmann::ordered_json(nullptr);
    out += object.dump() + '\n';
    return;
  }
  out += fmt::format("{:.1f}/s", rate);
  if (seen.count() != 0) {
    out += fmt::format("  every {}, at least {}, at most {}, deviation {}", duration_text(ns(seen.mean())),
                       duration_text(ns(seen.least())), duration_text(ns(seen.most())),
                       duration_text(ns(seen.deviation())));
  }
  if (lost != 0) out += fmt::format("  ({} not seen)", counted(lost, "sequence"));
  out += '\n';
}

/// Measures for an interval. Returns false if the bus is gone or a signal came.
bool measure(Subscriber& subscriber, Intervals& seen, Clock::time_point end) {
  for (auto now = Clock::now(); now < end; now = Clock::now()) {
    const std::size_t polled = subscriber.poll([&](const Event& event) {
      const Time arrived{std::chrono::system_clock::now().time_since_epoch()};
      seen.add(event.sequence(), event.time() != Time{} ? event.time() : arrived);
    });
    if (polled != 0) continue;
    if (!subscriber.wait(end - now) && Clock::now() < end) return false;
  }
  return received_signal() == 0;
}

int run(const std::string& bus_name, const HzOptions& options) {
  const BusSnapshot snapshot = Inspector{bus_name}.snapshot();
  find_topic(snapshot, options.topic);
  Bus bus = Bus::open(bus_name, {.create = false});
  const SignalScope signals{bus};
  Subscriber subscriber = bus.subscriber(options.topic, {.wait = WaitStrategy::balanced(), .name = "shmbus hz"});
  Output out;
  const OutputWatch watch{bus};
  const auto interval = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options.interval));
  Intervals seen;
  auto begin = Clock::now();
  std::uint64_t lost = 0;
  for (std::uint64_t i = 0; i < options.count; ++i) {
    const bool whole = measure(subscriber, seen, begin + interval);
    watch.check();
    if (!whole) break;
    const auto end = Clock::now();
    const std::uint64_t missed = subscriber.lost() - lost;
    const double rate =
        static_cast<double>(seen.events() + missed) / std::chrono::duration<double>(end - begin).count();
    print(out.text(), seen, rate, missed, options.json);
    out.flush();
    seen.clear();
    lost += missed;
    begin = end;
  }
  if (bus.removed()) {
    complain(fmt::format("bus '{}' was removed; start again to follow a new one of that name", bus.name()));
    return 1;
  }
  return 0;
}

}  // namespace

void add_hz(CommandLine& line, const ChosenBus& bus) {
  const auto options = std::make_shared<HzOptions>();
  line.verb("hz", "Measure how often, and how regularly, events of a topic arrive")
      .argument("TOPIC", text_value(options->topic), "The topic's name")
      .option("-i,--interval", "S", number_between(options->interval, 0.01, 86400), "Seconds between lines")
      .option("-n,--count", "N", whole_number(options->count), "End after N lines")
      .flag("-j,--json", options->json, "One JSON object per line, times in nanoseconds")
      .explain(R"(It subscribes, and so costs what a subscriber costs; shmbus stat --topic only looks. The times between
events are those of their time stamps; without time stamps, of their arrival here.

Example:
  shmbus hz sensor.imu --interval 5)")
      .action([options, &bus] { return run(bus.name, *options); });
}

}  // namespace shmbus::tool
