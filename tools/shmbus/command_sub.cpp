#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "follow.hpp"
#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "signal_scope.hpp"
#include "standard_error.hpp"
#include "start_option.hpp"
#include "suggestion.hpp"
#include "verb.hpp"

namespace shmbus::tool {
namespace {

struct SubOptions : FollowOptions {
  std::string from = "latest";
  bool reliable = false;
  std::optional<std::chrono::nanoseconds> demote_after;
  std::optional<std::string> durable_name;
  std::optional<std::chrono::nanoseconds> hold_for;
};

/// Reports that subscribing created the bus. A subscriber may start first, but a mistyped name must be noticed.
void report_new_bus(const std::string& bus, const std::vector<std::string>& others) {
  std::string list;
  for (const std::string& other : others) list += (list.empty() ? "; other buses: " : ", ") + other;
  complain(fmt::format("note: bus '{}' did not exist and was created{}{}", bus, suggestion(bus, others), list));
}

Bus open_bus(const std::string& name) {
  try {
    return Bus::open(name, {.create = false});
  } catch (const Error& error) {
    if (error.code() != ErrorCode::not_found) throw;
  }
  const std::vector<std::string> others = Inspector::buses();
  Bus bus = Bus::open(name);
  report_new_bus(name, others);
  return bus;
}

int run(const std::string& bus_name, SubOptions options) {
  options.durable = options.durable_name.has_value();
  const auto now = std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
  const Start start = parse_start(options.from, now);
  matches(options.pattern, "a");  // throws if the pattern is invalid, before a bus is created
  Bus bus = open_bus(bus_name);
  const SignalScope signals{bus};
  Subscriber subscriber =
      bus.subscriber(options.pattern, {.start = start,
                                       .delivery = options.reliable ? Delivery::reliable : Delivery::lossy,
                                       .demote_after = options.demote_after.value_or(std::chrono::nanoseconds{0}),
                                       .wait = WaitStrategy::balanced(),
                                       .name = "shmbus sub",
                                       .durable = options.durable_name.value_or(""),
                                       .hold_for = options.hold_for.value_or(std::chrono::nanoseconds{0})});
  follow(bus, subscriber, options);
  return conclude(bus, subscriber, options);
}

}  // namespace

void add_sub(CommandLine& line, const ChosenBus& bus) {
  const auto options = std::make_shared<SubOptions>();
  add_print_options(line.verb("sub", "Print the events of all topics that match a pattern, as they arrive")
                        .argument("PATTERN", text_value(options->pattern),
                                  "A topic; * stands for one token, > for the rest (quote both)")
                        .option("-f,--from", "START", text_value(options->from), "Where to begin in topics that exist")
                        .option("-n,--count", "N", whole_number(options->count), "End after N events"),
                    options->print)
      .flag("--reliable", options->reliable, "Lose nothing: publishers wait while this subscriber is behind")
      .option("--demote-after", "TIME", duration_value(options->demote_after),
              "With --reliable: become lossy after holding publishers back for this time")
      .option("-d,--durable", "NAME", text_value(options->durable_name),
              "Go on after the last event that was printed under this name")
      .option("--hold-for", "TIME", duration_value(options->hold_for),
              "With --reliable and --durable: publishers wait this long for the next sub of that name")
      .require("--demote-after", "--reliable")
      .require("--hold-for", "--reliable")
      .require("--hold-for", "--durable")
      .explain(R"(START is one of
  latest     the next event
  oldest     the oldest retained event
  seq:N      event number N
  last:K     the last K events
  time:T     the first event of that time or later; T is RFC 3339 (2024-05-01T12:00:00Z), seconds
             since 1970 (1714564800.5) or an age (-5s, -10m, -2h, -1d)
Topics that are created later are read from their first event. With --durable, START counts for a new name alone;
the name, and how far it has come, stay until shmbus forget NAME.

On a terminal an event is shown with its time, topic, number and type, and its payload in a form that can be
read: a value of a recorded type by its fields, text as text, all else in hexadecimal with ASCII beside it.
Below stand its key, headers, trace context and cause, where it has them. Into a pipe or file, or with --raw,
it is its payload and a newline. A JSON object has topic, sequence, time, publisher, id, text or base64, and
where there are any key, headers, traceparent and cause. If sequences were lost, the end says how many. A bus
that does not exist is created, which a note says.

Examples:
  shmbus sub '>'
  shmbus sub 'video.*' --from last:10 --count 10
  shmbus sub '>' --from time:-10m --json | jq -r .text
  shmbus sub orders.new --reliable --demote-after 5s
  shmbus sub 'orders.>' --durable audit --from oldest)")
      .action([options, &bus] { return run(bus.name, *options); });
}

}  // namespace shmbus::tool
