#include "follow.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "event_output.hpp"
#include "output.hpp"
#include "signal_scope.hpp"
#include "standard_error.hpp"

namespace shmbus::tool {

namespace {
constexpr std::size_t batch = 256;
}

Command& add_print_options(Command& command, PrintOptions& options) {
  return command.flag("-j,--json", options.json, "One JSON object per line instead of payloads")
      .flag("-r,--raw", options.raw, "Payloads alone, also on a terminal; the default for pipes and files")
      .flag("-t,--topic-name", options.topic_name, "Begin each raw line with the topic's name and a space");
}

void follow(Bus& bus, Subscriber& subscriber, const FollowOptions& options) {
  EventOutput out{bus, options.print};
  const OutputWatch watch{bus};
  std::uint64_t wanted = options.count;
  bool ended = false;
  bool waited = false;
  while (wanted > 0 && received_signal() == 0) {
    watch.check();
    const std::size_t printed = subscriber.poll(
        [&](const Event& event) { out.print(parts_of(event)); },
        static_cast<std::size_t>(std::min<std::uint64_t>(batch, wanted)));
    wanted -= printed;
    if (printed > 0 && !options.durable) continue;
    out.flush();
    if (printed > 0) continue;
    if (ended) break;
    if (!waited) {
      hint(fmt::format("waiting for events that match '{}' on bus '{}' (topics so far: {}); Ctrl-C ends",
                       options.pattern, bus.name(), subscriber.topics()));
    }
    waited = true;
    ended = !subscriber.wait();
  }
  out.flush();
  if (options.durable) subscriber.poll([](const Event&) {}, 0);  // acknowledges
}

int conclude(const Bus& bus, const Subscriber& subscriber, const FollowOptions& options) {
  if (subscriber.lost() > 0) {
    complain(
        fmt::format("pattern '{}': {} of {} sequences lost, they left the ring before they were read; retain more (pub "
                    "--block-size, --blocks) or read with --reliable",
                    options.pattern, subscriber.lost(), subscriber.lost() + subscriber.delivered()));
  }
  if (received_signal() != 0) return 0;
  if (subscriber.status() == Status::corrupt) {
    complain(fmt::format("pattern '{}': {}", options.pattern, to_string(Status::corrupt)));
    return 1;
  }
  if (bus.removed() && subscriber.delivered() < options.count) {
    complain(fmt::format("bus '{}' was removed; start again to follow a new one of that name", bus.name()));
    return 1;
  }
  return 0;
}

}  // namespace shmbus::tool
