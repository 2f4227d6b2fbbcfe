#include <fmt/format.h>

#include <map>
#include <memory>
#include <string>

#include "event_output.hpp"
#include "follow.hpp"
#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "signal_scope.hpp"
#include "snapshot_topics.hpp"
#include "verb.hpp"

namespace shmbus::tool {
namespace {

struct TailOptions : FollowOptions {
  std::uint64_t last = 10;
  bool follow = false;
};

/// The newest event of each topic by now: what comes after is not of the tail.
std::map<std::string, std::uint64_t, std::less<>> newest_events(const std::string& bus, const TailOptions& options,
                                                               int& status) {
  BusSnapshot snapshot = Inspector{bus}.snapshot();
  status = drop_unreadable(snapshot);
  if (!options.follow) keep_matching(snapshot, options.pattern);
  std::map<std::string, std::uint64_t, std::less<>> newest;
  for (const TopicSnapshot& topic : snapshot.topics) newest[topic.info.name] = topic.published;
  return newest;
}

void print_retained(Bus& bus, Subscriber& subscriber, const std::map<std::string, std::uint64_t, std::less<>>& newest,
                    const PrintOptions& print) {
  EventOutput out{bus, print};
  bool more = true;
  while (more && received_signal() == 0) {
    more = false;
    subscriber.poll([&](const Event& event) {
      const auto end = newest.find(event.topic());
      if (end == newest.end() || event.sequence() > end->second) return;
      more = true;
      out.print(event);
    });
  }
  out.flush();
}

int run(const std::string& bus_name, const TailOptions& options) {
  int status = 0;
  const auto newest = newest_events(bus_name, options, status);
  Bus bus = Bus::open(bus_name, {.create = false});
  const SignalScope signals{bus};
  Subscriber subscriber = bus.subscriber(
      options.pattern, {.start = Start::last(options.last), .wait = WaitStrategy::balanced(), .name = "shmbus tail"});
  if (options.follow) {
    follow(bus, subscriber, options);
    return std::max(status, conclude(bus, subscriber, options));
  }
  print_retained(bus, subscriber, newest, options.print);
  return status;
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
      .explain(R"(Events are printed topic by topic, as shmbus sub prints them. The numbers of aborted events count, too.

Examples:
  shmbus tail video.watch_started
  shmbus tail '>' -n 1 --json
  shmbus tail -f 'log.*' --topic-name)")
      .action([options, &bus] { return run(bus.name, *options); });
}

}  // namespace shmbus::tool
