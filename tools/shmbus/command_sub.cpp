#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include "event_printer.hpp"
#include "message.hpp"
#include "output.hpp"
#include "shmbus/shmbus.hpp"
#include "signals.hpp"
#include "start_option.hpp"
#include "verb.hpp"

namespace shmbus::tool {
namespace {

struct SubOptions {
  std::string pattern;
  std::string from = "latest";
  std::uint64_t count = std::numeric_limits<std::uint64_t>::max();
  bool reliable = false;
  PrintOptions print;
};

constexpr std::size_t batch = 256;

/// Prints events until there are enough, the bus is removed, a signal comes or nobody reads the output any more.
void print_events(Bus& bus, Subscriber& subscriber, const SubOptions& options) {
  Output out;
  const OutputWatch watch{bus};
  PrintOptions print = options.print;
  print.terminal = out.terminal();
  std::uint64_t wanted = options.count;
  bool ended = false;
  bool waited = false;
  while (wanted > 0 && received_signal() == 0) {
    watch.check();
    const std::size_t printed = subscriber.poll(
        [&](const Event& event) {
          print_event(out.text(), parts_of(event), print);
          out.line_done();
        },
        static_cast<std::size_t>(std::min<std::uint64_t>(batch, wanted)));
    wanted -= printed;
    if (printed > 0) continue;
    out.flush();
    if (ended) break;
    if (!waited) {
      hint(fmt::format("waiting for events that match '{}' on bus '{}' (topics so far: {}); Ctrl-C ends",
                       options.pattern, bus.name(), subscriber.topics()));
    }
    waited = true;
    ended = !subscriber.wait();
  }
  out.flush();
}

/// The exit status, after saying what a reader of the output could not know.
int conclude(const Bus& bus, const Subscriber& subscriber, const SubOptions& options) {
  if (subscriber.lost() > 0) {
    complain(
        fmt::format("pattern '{}': {} of {} events lost, they left the ring before they were read; retain more (pub "
                    "--block-size, --blocks) or read with --reliable",
                    options.pattern, subscriber.lost(), subscriber.lost() + subscriber.delivered()));
  }
  if (received_signal() != 0) return 0;
  if (subscriber.status() == Status::corrupt) {
    complain(fmt::format("pattern '{}': {}", options.pattern, to_string(Status::corrupt)));
    return 1;
  }
  if (bus.removed() && subscriber.delivered() < options.count) {
    complain(fmt::format("bus '{}': removed; start sub again to follow a new one of that name", bus.name()));
    return 1;
  }
  return 0;
}

int run(const std::string& bus_name, const SubOptions& options) {
  const auto now = std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
  const Start start = parse_start(options.from, now);
  Bus bus = Bus::open(bus_name);
  const SignalScope signals{bus};
  Subscriber subscriber =
      bus.subscriber(options.pattern, {.start = start,
                                       .delivery = options.reliable ? Delivery::reliable : Delivery::lossy,
                                       .wait = WaitStrategy::balanced(),
                                       .name = "shmbus sub"});
  print_events(bus, subscriber, options);
  return conclude(bus, subscriber, options);
}

}  // namespace

Verb sub_verb(CLI::App& program, const std::string& bus) {
  CLI::App* app = program.add_subcommand("sub", "Print the events of all topics that match a pattern, as they come");
  const auto options = std::make_shared<SubOptions>();
  app->add_option("PATTERN", options->pattern, "A topic; * stands for one token, > for the rest (quote both)")
      ->type_name("")
      ->required();
  app->add_option("-f,--from", options->from, "Where to begin in topics that exist")
      ->type_name("START")
      ->capture_default_str();
  app->add_option("-n,--count", options->count, "End after so many events")->type_name("N")->check(whole_number());
  app->add_flag("-j,--json", options->print.json, "One JSON object a line instead of payloads");
  app->add_flag("-t,--topic-name", options->print.topic_name, "Begin each raw line with the topic's name and a space");
  app->add_flag("--reliable", options->reliable, "Lose nothing: publishers wait while this subscriber is behind");
  app->footer(R"(START is one of
  latest     the next event
  oldest     the oldest retained event
  seq:N      event number N
  last:K     the last K events
  time:T     the first event of that time or later; T is RFC 3339 (2024-05-01T12:00:00Z), seconds
             since 1970 (1714564800.5) or an age (-5s, -10m, -2h, -1d)
Topics that are created later are read from their first event.

Each payload is followed by a newline; on a terminal a payload that is not text is shown in hexadecimal.
A JSON object has topic, sequence, time, publisher, id, and text or base64. If events were lost, the end
says how many.

Examples:
  shmbus sub '>'
  shmbus sub 'video.*' --from last:10 --count 10
  shmbus sub '>' --from time:-10m --json | jq -r .text)");
  return {app, [options, &bus] { return run(bus, *options); }};
}

}  // namespace shmbus::tool
