#include <chrono>
#include <memory>
#include <string>

#include "follow.hpp"
#include "shmbus/shmbus.hpp"
#include "signal_scope.hpp"
#include "start_option.hpp"
#include "verb.hpp"

namespace shmbus::tool {
namespace {

struct SubOptions : FollowOptions {
  std::string from = "latest";
  bool reliable = false;
};

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
  follow(bus, subscriber, options);
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
A JSON object has topic, sequence, time, publisher, id, and text or base64. If sequences were lost, the end
says how many.

Examples:
  shmbus sub '>'
  shmbus sub 'video.*' --from last:10 --count 10
  shmbus sub '>' --from time:-10m --json | jq -r .text)");
  return {app, [options, &bus] { return run(bus, *options); }};
}

}  // namespace shmbus::tool
