#include <fmt/format.h>

#include <chrono>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "output.hpp"
#include "rate_line.hpp"
#include "standard_error.hpp"
#include "time_text.hpp"
#include "snapshot_topics.hpp"
#include "verb.hpp"

namespace shmbus::tool {
namespace {

struct StatOptions {
  double interval = 1;
  std::uint64_t count = std::numeric_limits<std::uint64_t>::max();
  std::optional<std::string> topic;
  bool json = false;
};

constexpr std::uint64_t lines_per_heading = 20;  // on a terminal

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
    if (!options.json && (i == 0 || (out.terminal() && i % lines_per_heading == 0))) out.text() += rate_heading(out.columns());
    out.flush();
    next += interval;
    std::this_thread::sleep_until(next);
    BusSnapshot after = inspector.snapshot();
    if (after.removed) return drop_unreadable(after);
    const Rates rates = rates_between(before, after, options.topic);
    out.text() += options.json ? json_of(rates, after) : rate_line(rates, after, out.columns());
    out.flush();
    before = std::move(after);
  }
  return 0;
}

}  // namespace

void add_stat(CommandLine& line, const ChosenBus& bus) {
  const auto options = std::make_shared<StatOptions>();
  line.verb("stat", "Print rates per second of what happens on the bus, one line per interval")
      .optional_argument("INTERVAL", number_between(options->interval, 0.01, 86400), "Seconds between lines")
      .optional_argument("COUNT", whole_number(options->count), "End after N lines")
      .option("-t,--topic", "NAME", text_value(options->topic), "Only this topic")
      .flag("-j,--json", options->json, "One JSON object per line")
      .explain(
          R"(Events and bytes of log published; events delivered to all subscribers, and sequence numbers lost by them
(passed unseen, aborted ones included); how often publishers had to wait for a reliable subscriber, and
subscribers slept; how many events the slowest subscriber is behind; how many ports and nodes live; what /dev/shm
has left. It ends when the bus is removed. A terminal that is too narrow shows no WAKEUPS/S, then no NODES, PUBS
and SUBS.

Examples:
  shmbus stat
  shmbus stat 0.5 10 --topic video.frame)")
      .action([options, &bus] { return run(bus.name, *options); });
}

}  // namespace shmbus::tool
