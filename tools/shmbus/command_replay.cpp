#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>
#include <memory>
#include <string>

#include <poll.h>

#include "event_output.hpp"
#include "follow.hpp"
#include "problem_report.hpp"
#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "signal_scope.hpp"
#include "standard_error.hpp"
#include "start_option.hpp"
#include "snapshot_topics.hpp"
#include "verb.hpp"

namespace shmbus::tool {
namespace {

using Clock = std::chrono::steady_clock;

struct ReplayOptions {
  std::string pattern;
  std::string from = "oldest";
  double speed = 1;
  bool quick = false;
  std::optional<std::string> into;
  std::uint64_t count = std::numeric_limits<std::uint64_t>::max();
  PrintOptions print;
};

/// Lets the time pass that lay between the events.
class Pace {
 public:
  Pace(double speed, int stop) : speed_(speed), stop_(stop) {}

  /// Until the event is due; returns early when a signal came.
  void wait_for(Time time) {
    if (time == Time{}) return;  // no time stamps: no pace
    if (first_ == Time{}) {
      first_ = time;
      begin_ = Clock::now();
    }
    const std::chrono::duration<double, std::nano> offset = time - first_;
    const auto due = begin_ + std::chrono::duration_cast<Clock::duration>(offset / speed_);
    for (auto now = Clock::now(); now < due && received_signal() == 0; now = Clock::now()) {
      const auto left = std::min<std::chrono::nanoseconds>(due - now, std::chrono::hours{1});
      const timespec timeout{left.count() / 1'000'000'000, left.count() % 1'000'000'000};
      pollfd stop{.fd = stop_, .events = POLLIN, .revents = 0};
      ::ppoll(&stop, 1, &timeout, nullptr);
    }
  }

 private:
  double speed_;
  int stop_;
  Time first_{};
  Clock::time_point begin_{};
};

/// The other bus, with a publisher for each topic.
class Target {
 public:
  Target(const std::string& bus, const BusSnapshot& source) : bus_(Bus::open(bus)), source_(source) {}

  Bus& bus() noexcept { return bus_; }

  void publish(const EventSnapshot& event) {
    const std::string& topic = event.topic;
    auto publisher = publishers_.find(topic);
    if (publisher == publishers_.end()) publisher = publishers_.emplace(topic, open(topic)).first;
    PublishOptions with{.trace = event.trace, .key = event.key};
    for (const HeaderSnapshot& header : event.headers) with.headers.push_back({header.name, header.value});
    const PublishResult result = publisher->second.publish(event.payload, with);
    if (result || received_signal() != 0) return;
    throw Error(ErrorCode::system, {.object = fmt::format("topic '{}' on bus '{}'", topic, bus_.name()),
                                    .expected = "to take the event",
                                    .found = to_string(result.status()),
                                    .remedy = "see shmbus doctor"});
  }

 private:
  /// Of the same size, kind and type as the one it is replayed from.
  Publisher open(const std::string& topic) {
    const TopicInfo& info = find_topic(source_, topic).info;
    return bus_.publisher(
        topic,
        {.block_size = info.block_size,
         .blocks = info.blocks,
         .timestamps = info.timestamps,
         .writers = info.writers,
         .accept_raw = info.accepts_raw},
        info.type());
  }

  Bus bus_;
  const BusSnapshot& source_;
  std::map<std::string, Publisher> publishers_;
};

int run(const std::string& bus_name, const ReplayOptions& options) {
  const auto now = std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
  const Start start = parse_start(options.from, now);
  if (options.into == bus_name) {
    throw Error(ErrorCode::invalid_option, {.object = "option --into",
                                            .expected = "another bus than the one that is read",
                                            .found = fmt::format("'{}'", bus_name),
                                            .remedy = "name another one"});
  }
  Inspector inspector{bus_name};
  BusSnapshot snapshot = inspector.snapshot();
  keep_matching(snapshot, options.pattern);
  std::optional<Target> target;
  if (options.into) target.emplace(*options.into, snapshot);
  SignalScope signals;
  if (target) signals.interrupts(target->bus());
  EventReader events = inspector.read(options.pattern, start, {.retained_only = true});
  EventOutput out{inspector, options.print};
  Pace pace(options.speed, signals.fd());
  std::uint64_t left = options.count;
  for (const EventSnapshot* event = nullptr; left > 0 && (event = events.next()) != nullptr; --left) {
    if (!options.quick) {
      out.flush();
      pace.wait_for(event->time);
    }
    if (received_signal() != 0) break;
    if (target) {
      target->publish(*event);
      continue;
    }
    out.print(parts_of(*event));
  }
  out.flush();
  ProblemReport problems{std::chrono::nanoseconds{0}};
  problems.add(events.problems());
  if (events.lost() != 0)
    complain(fmt::format("pattern '{}': {} sequences lost, they left the ring before they were read", options.pattern,
                         events.lost()));
  if (received_signal() == 0 && inspector.snapshot().removed) {
    complain(fmt::format("bus '{}' was removed; look again for a new one of that name", bus_name));
    return 1;
  }
  return problems.status();
}

}  // namespace

void add_replay(CommandLine& line, const ChosenBus& bus) {
  const auto options = std::make_shared<ReplayOptions>();
  add_print_options(
      line.verb("replay", "Print retained events at the pace they came, or publish them again")
          .argument("PATTERN", text_value(options->pattern), "A topic; * stands for one token, > for the rest (quote both)")
          .option("-f,--from", "START", text_value(options->from), "Where to begin, as in shmbus sub")
          .option("-s,--speed", "X", number_between(options->speed, 0.001, 1e6), "Playback speed factor")
          .flag("-q,--quick", options->quick, "Without pauses")
          .exclude("--quick", "--speed")
          .option("-i,--into", "BUS", text_value(options->into), "Publish to the topics of this other bus instead of printing")
          .option("-n,--count", "N", whole_number(options->count), "End after N events"),
      options->print)
      .explain(
          R"(The events that rings and journals hold now, of all matching topics in the order of their times; it ends after
the last. Events without time stamps come first, at once. It only looks at the bus: it does not join it, takes no
port, and holds nobody back; an event that leaves the ring of a topic without a journal before its time comes is
lost, which the end says. --into creates the bus and topics where they are missing, without journals; the events
get new numbers and times there.

Examples:
  shmbus replay 'video.>' --speed 10 --json
  shmbus replay orders.created --from time:-1h --quick
  shmbus replay '>' --quick --into rehearsal)")
      .action([options, &bus] { return run(bus.name, *options); });
}

}  // namespace shmbus::tool
