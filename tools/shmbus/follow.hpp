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
  bool durable = false;  ///< polls acknowledge: what was printed is written out before the next one
};

/// Adds the options of all verbs that print events. Returns the command.
Command& add_print_options(Command& command, PrintOptions& options);

/// Prints events until there are enough, the bus is removed, a signal comes or the output is closed. *Requires* a
/// SignalScope.
void follow(Bus& bus, Subscriber& subscriber, const FollowOptions& options);

/// Returns the exit status, after reporting losses and a removed bus on standard error.
int conclude(const Bus& bus, const Subscriber& subscriber, const FollowOptions& options);

}  // namespace shmbus::tool
