#include <fmt/format.h>

#include <map>
#include <memory>
#include <string>

#include "follow.hpp"
#include "output.hpp"
#include "shmbus/shmbus.hpp"
#include "signal_scope.hpp"
#include "unreadable.hpp"
#include "verb.hpp"

namespace shmbus::tool {
namespace {

struct TailOptions : FollowOptions {
  std::uint64_t last = 10;
  bool follow = false;
};

/// The newest event of each topic by now: what comes after is not of the tail.
std::map<std::string, std::uint64_t, std::less<>> newest_events(const std::string& bus, int& status) {
  BusSnapshot snapshot = Inspector{bus}.snapshot();
  status = drop_unreadable(snapshot);
  std::map<std::string, std::uint64_t, std::less<>> newest;
  for (const TopicSnapshot& topic : snapshot.topics) newest[topic.info.name] = topic.published;
  return newest;
}

void print_retained(Subscriber& subscriber, const std::map<std::string, std::uint64_t, std::less<>>& newest,
                    PrintOptions print) {
  Output out;
  print.terminal = out.terminal();
  bool more = true;
  while (more && received_signal() == 0) {
    more = false;
    subscriber.poll([&](const Event& event) {
      const auto end = newest.find(event.topic());
      if (end == newest.end() || event.sequence() > end->second) return;
      more = true;
      print_event(out.text(), parts_of(event), print);
      out.line_done();
    });
  }
  out.flush();
}

int run(const std::string& bus_name, const TailOptions& options) {
  int status = 0;
  const auto newest = newest_events(bus_name, status);
  Bus bus = Bus::open(bus_name, {.create = false});
  const SignalScope signals{bus};
  Subscriber subscriber = bus.subscriber(
      options.pattern, {.start = Start::last(options.last), .wait = WaitStrategy::balanced(), .name = "shmbus tail"});
  if (options.follow) {
    follow(bus, subscriber, options);
    return std::max(status, conclude(bus, subscriber, options));
  }
  print_retained(subscriber, newest, options.print);
  return status;
}

}  // namespace

Verb tail_verb(CLI::App& program, const std::string& bus) {
  CLI::App* app = program.add_subcommand("tail", "Print the last events of all topics that match a pattern, and end");
  const auto options = std::make_shared<TailOptions>();
  app->add_option("PATTERN", options->pattern, "A topic; * stands for one token, > for the rest (quote both)")
      ->type_name("")
      ->required();
  app->add_option("-n,--last", options->last, "How many of each topic")
      ->type_name("N")
      ->check(whole_number())
      ->capture_default_str();
  app->add_flag("-f,--follow", options->follow, "Go on with what is published from now on");
  app->add_flag("-j,--json", options->print.json, "One JSON object a line instead of payloads");
  app->add_flag("-t,--topic-name", options->print.topic_name, "Begin each raw line with the topic's name and a space");
  app->footer(R"(Events are printed topic by topic, as shmbus sub prints them. The numbers of aborted events count, too.

Examples:
  shmbus tail video.watch_started
  shmbus tail '>' -n 1 --json
  shmbus tail -f 'log.*' --topic-name)");
  return {app, [options, &bus] { return run(bus, *options); }};
}

}  // namespace shmbus::tool
