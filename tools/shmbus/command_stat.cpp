#include <fmt/format.h>

#include <chrono>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "output.hpp"
#include "quantity_text.hpp"
#include "rates.hpp"
#include "standard_error.hpp"
#include "time_text.hpp"
#include "unreadable.hpp"
#include "verb.hpp"

namespace shmbus::tool {
namespace {

struct StatOptions {
  double interval = 1;
  std::uint64_t count = std::numeric_limits<std::uint64_t>::max();
  std::optional<std::string> topic;
  bool json = false;
};

constexpr const char* heading =
    "  EVENTS/S     BYTES/S  DELIVERED/S    LOST/S   WAITS/S  WAKEUPS/S       LAG  PUBS  SUBS  NODES   SHM FREE\n";
constexpr std::uint64_t lines_per_heading = 20;  // on a terminal

std::string line_of(const Rates& r, const BusSnapshot& bus) {
  return fmt::format("{:>10.0f}  {:>10}  {:>11.0f}  {:>8.0f}  {:>8.0f}  {:>9.0f}  {:>8}  {:>4}  {:>4}  {:>5}  {:>9}\n",
                     r.published, byte_count(static_cast<std::uint64_t>(r.bytes)), r.delivered, r.lost, r.waits,
                     r.wakeups, r.lag, r.publishers, r.subscribers, r.nodes,
                     bus.shm_size == 0 ? "no limit" : byte_count(bus.shm_free));
}

std::string json_of(const Rates& r, const BusSnapshot& bus) {
  nlohmann::ordered_json object;
  object["time"] = rfc3339(bus.taken);
  object["seconds"] = r.seconds;
  object["published_per_s"] = r.published;
  object["bytes_per_s"] = r.bytes;
  object["delivered_per_s"] = r.delivered;
  object["lost_per_s"] = r.lost;
  object["waits_per_s"] = r.waits;
  object["wakeups_per_s"] = r.wakeups;
  object["lag"] = r.lag;
  object["publishers"] = r.publishers;
  object["subscribers"] = r.subscribers;
  object["nodes"] = r.nodes;
  object["shm_free"] = bus.shm_free;
  return object.dump() + '\n';
}

int run(const std::string& bus, const StatOptions& options) {
  Inspector inspector{bus};
  BusSnapshot before = inspector.snapshot();
  if (options.topic) find_topic(before, *options.topic);
  if (const int status = drop_unreadable(before); status != 0 && before.topics.empty()) return status;
  Output out;
  const auto interval =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(options.interval));
  auto next = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < options.count; ++i) {
    if (!options.json && (i == 0 || (out.terminal() && i % lines_per_heading == 0))) out.text() += heading;
    out.flush();
    next += interval;
    std::this_thread::sleep_until(next);
    BusSnapshot after = inspector.snapshot();
    if (after.removed) return drop_unreadable(after);
    const Rates rates = rates_between(before, after, options.topic);
    out.text() += options.json ? json_of(rates, after) : line_of(rates, after);
    out.flush();
    before = std::move(after);
  }
  return 0;
}

}  // namespace

Verb stat_verb(CLI::App& program, const std::string& bus) {
  CLI::App* app = program.add_subcommand("stat", "Print what happens on the bus a second, a line each interval");
  const auto options = std::make_shared<StatOptions>();
  app->add_option("INTERVAL", options->interval, "Seconds between lines")
      ->type_name("")
      ->check(CLI::Range(0.01, 86400.0))
      ->capture_default_str();
  app->add_option("COUNT", options->count, "End after so many lines")->type_name("")->check(whole_number());
  app->add_option("-t,--topic", options->topic, "Only what this topic does")->type_name("NAME");
  app->add_flag("-j,--json", options->json, "One JSON object a line");
  app->footer(
      R"(Events and bytes of log published; events delivered to all subscribers, and sequence numbers lost by them
(passed unseen, aborted ones included); how often publishers had to wait for a reliable subscriber, and
subscribers slept; how many events the slowest subscriber is behind; who lives; what /dev/shm has left. It ends when the bus is removed.

Examples:
  shmbus stat
  shmbus stat 0.5 10 --topic video.frame)");
  return {app, [options, &bus] { return run(bus, *options); }};
}

}  // namespace shmbus::tool
