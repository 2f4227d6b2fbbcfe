#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "event_printer.hpp"
#include "shmbus/bus.hpp"
#include "verb.hpp"

namespace shmbus::tool {

struct FollowOptions {
  std::string pattern;
  std::uint64_t count = std::numeric_limits<std::uint64_t>::max();
  PrintOptions print;
};

/// The options that all verbs have which print events. Returns the command.
Command& add_print_options(Command& command, PrintOptions& options);

/// Prints events until there are enough, the bus is removed, a signal comes or nobody reads the output any more. A
/// SignalScope must live.
void follow(Bus& bus, Subscriber& subscriber, const FollowOptions& options);

/// The exit status, after saying what a reader of the output could not know.
int conclude(const Bus& bus, const Subscriber& subscriber, const FollowOptions& options);

}  // namespace shmbus::tool
