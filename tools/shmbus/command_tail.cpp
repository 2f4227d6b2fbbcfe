#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "event_output.hpp"
#include "follow.hpp"
#include "output.hpp"
#include "problem_report.hpp"
#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "signal_scope.hpp"
#include "snapshot_topics.hpp"
#include "standard_error.hpp"
#include "verb.hpp"

namespace shmbus::tool {
namespace {

struct TailOptions : FollowOptions {
  std::uint64_t last = 10;
  bool follow = false;
};

/// Goes on with what is published, until a signal comes, the bus is removed, or nobody reads the output any more.
void follow_on(EventReader& reader, EventOutput& out, const SignalScope& signals, ProblemReport& problems,
               const std::string& waiting) {
  constexpr std::chrono::milliseconds interval{5};
  const OutputWatch watch;
  bool waited = false;
  while (received_signal() == 0) {
    watch.check();
    if (const EventSnapshot* event = reader.next()) {
      out.print(parts_of(*event));
      continue;
    }
    out.flush();
    problems.add(reader.problems());
    if (reader.finished()) return;
    if (!std::exchange(waited, true)) hint(waiting);
    signals.sleep(interval);
  }
}

int run(const std::string& bus, const TailOptions& options) {
  Inspector inspector{bus};
  BusSnapshot snapshot = inspector.snapshot();
  if (!options.follow) keep_matching(snapshot, options.pattern);
  const SignalScope signals;
  EventReader reader =
      inspector.read(options.pattern, Start::last(options.last), {.retained_only = !options.follow});
  EventOutput out{inspector, options.print};
  ProblemReport problems{options.follow ? std::chrono::seconds{1} : std::chrono::seconds{0}};
  if (options.follow) {
    follow_on(reader, out, signals, problems,
              fmt::format("waiting for events that match '{}' on bus '{}'; Ctrl-C ends", options.pattern, bus));
  } else {
    while (received_signal() == 0) {
      const EventSnapshot* event = reader.next();
      if (event == nullptr) break;
      out.print(parts_of(*event));
    }
  }
  out.flush();
  problems.add(reader.problems());
  if (reader.lost() != 0)
    complain(fmt::format("pattern '{}': {} sequences lost, they left the ring before they were read", options.pattern,
                         reader.lost()));
  if (received_signal() == 0 && inspector.snapshot().removed) {
    complain(fmt::format("bus '{}' was removed; start again to read a new one of that name", bus));
    return 1;
  }
  return problems.status();
}

}  // namespace

void add_tail(CommandLine& line, const ChosenBus& bus) {
  const auto options = std::make_shared<TailOptions>();
  add_print_options(
      line.verb("tail", "Print the last events of all topics that match a pattern, and end")
          .argument("PATTERN", text_value(options->pattern), "A topic; * stands for one token, > for the rest (quote both)")
          .option("-n,--last", "N", whole_number(options->last, "10"), "How many of each topic")
          .flag("-f,--follow", options->follow, "Go on with what is published from now on"),
      options->print)
      .explain(R"(Events are printed as shmbus sub prints them, those of several topics in the order of their times; events
without time stamps come first. The numbers of aborted events count, too. What has left the ring of a topic with
a journal is read from there. It only looks: it joins no bus, takes no port, and needs the right to read alone.

Examples:
  shmbus tail video.watch_started
  shmbus tail '>' -n 1 --json
  shmbus tail -f 'log.*' --topic-name)")
      .action([options, &bus] { return run(bus.name, *options); });
}

}  // namespace shmbus::tool
