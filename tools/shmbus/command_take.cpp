#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "event_output.hpp"
#include "follow.hpp"
#include "leased_command.hpp"
#include "output.hpp"
#include "shmbus/shmbus.hpp"
#include "signal_scope.hpp"
#include "standard_error.hpp"
#include "start_option.hpp"
#include "verb.hpp"

namespace shmbus::tool {
namespace {

using std::chrono::steady_clock;

struct TakeOptions {
  std::string topic, group;
  std::string from = "latest";
  std::optional<std::uint64_t> count;
  std::optional<std::chrono::nanoseconds> timeout;
  std::optional<std::string> command;
  bool acknowledge = false;
  PrintOptions print;

  /// An event that is given back would be taken again without end.
  std::uint64_t wanted() const {
    constexpr std::uint64_t all = std::numeric_limits<std::uint64_t>::max();
    return count.value_or(acknowledge || command ? all : 1);
  }
};

class Taking {
 public:
  Taking(Bus& bus, Group& group, const TakeOptions& options)
      : group_(group), options_(options), out_(bus, options.print), watch_(bus) {}

  int run() {
    std::uint64_t taken = 0;
    for (; taken < options_.wanted() && received_signal() == 0; ++taken) {
      Lease lease = next();
      if (!lease) break;
      handle(std::move(lease));
    }
    for (Lease& lease : kept_) static_cast<void>(lease.give_back(std::chrono::nanoseconds{0}));
    if (received_signal() == 0 && taken < options_.wanted() && group_.status() != Status::ok) {
      complain(fmt::format("group '{}' of topic '{}': {}", options_.group, options_.topic, to_string(group_.status())));
      return 1;
    }
    return received_signal() != 0 || (taken != 0 && !failed_) ? 0 : 1;
  }

 private:
  /// Waits in pieces, so that a closed output is noticed.
  Lease next() {
    using namespace std::chrono_literals;
    const auto begin = steady_clock::now();
    bool hinted = false;
    while (received_signal() == 0) {
      watch_.check();
      const auto waited = steady_clock::now() - begin;
      const auto left = options_.timeout ? *options_.timeout - waited : steady_clock::duration{250ms};
      if (Lease lease = group_.take(std::clamp<std::chrono::nanoseconds>(left, 0ns, 250ms))) return lease;
      if (options_.timeout && left <= 0ns) break;
      if (group_.status() == Status::closed) break;
      if (!std::exchange(hinted, true))
        hint(fmt::format("waiting for events of topic '{}'; Ctrl-C ends", options_.topic));
    }
    return Lease{};
  }

  void handle(Lease lease) {
    if (options_.command) {
      out_.flush();
      if (run_leased(*options_.command, lease))
        settle(lease);
      else
        failed_ = true, static_cast<void>(lease.give_back());
      return;
    }
    out_.print(parts_of(lease.event()));
    out_.flush();
    if (options_.acknowledge)
      settle(lease);
    else
      kept_.push_back(std::move(lease));
  }

  void settle(Lease& lease) {
    const std::uint64_t sequence = lease.event().sequence();
    const Status status = lease.acknowledge();
    if (status == Status::ok) return;
    complain(fmt::format("event {}: {}: it is leased again", sequence, to_string(status)));
    failed_ = true;
  }

  Group& group_;
  const TakeOptions& options_;
  EventOutput out_;
  OutputWatch watch_;
  std::vector<Lease> kept_;
  bool failed_ = false;
};

int run(const std::string& bus_name, const TakeOptions& options) {
  const auto now = std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
  const Start start = parse_start(options.from, now);
  Bus bus = Bus::open(bus_name, {.create = false});
  const SignalScope signals{bus};
  Group group = bus.group(options.topic, options.group, {.start = start, .name = "shmbus take"});
  return Taking{bus, group, options}.run();
}

}  // namespace

void add_take(CommandLine& line, const ChosenBus& bus) {
  const auto options = std::make_shared<TakeOptions>();
  add_print_options(
      line.verb("take", "Take events from a group, as one of its members")
          .argument("TOPIC", text_value(options->topic), "The group's topic")
          .argument("GROUP", text_value(options->group), "Its name; a group that does not exist is made")
          .option("-n,--count", "N", whole_number(options->count),
                  "End after N events (default: 1; without end with --ack or --exec)")
          .flag("-a,--ack", options->acknowledge, "Acknowledge each event once it is printed")
          .option("-x,--exec", "COMMAND", text_value(options->command),
                  "Run this with sh, the payload on its standard input; 0 acknowledges")
          .option("--timeout", "TIME", duration_value(options->timeout), "End after this time without an event")
          .option("-f,--from", "START", text_value(options->from), "Where a new group begins; see shmbus sub"),
      options->print)
      .exclude("--ack", "--exec")
      .explain(
          R"(Events are printed as shmbus sub prints them. Without --ack and --exec they are given back at the end, which counts
as a delivery: to look without taking, use shmbus group and shmbus tail. With --exec the event is acknowledged if
COMMAND ends with status 0, and given back otherwise; meanwhile its lease is extended. COMMAND finds SHMBUS_TOPIC,
SHMBUS_SEQUENCE, SHMBUS_KEY and SHMBUS_DELIVERIES in its environment. Exit status 1: no event was taken, or one was
not acknowledged that should be. A group that is made here has the default options.

Examples:
  shmbus take orders.created billing
  shmbus take orders.created billing --ack --count 10 --json
  shmbus take orders.created billing --exec 'curl -sf -d @- http://localhost/bill')")
      .action([options, &bus] { return run(bus.name, *options); });
}

}  // namespace shmbus::tool
