#pragma once

#include <optional>
#include <string>

#include "shmbus/inspector.hpp"

namespace shmbus::tool {

/// What happened on a bus between two snapshots, per second.
struct Rates {
  double seconds = 0;
  double published = 0, bytes = 0;                      ///< bytes of log
  double delivered = 0, lost = 0;                       ///< of all subscribers
  double waits = 0, wakeups = 0;                        ///< of publishers; of subscribers
  std::uint64_t lag = 0;                                ///< of the subscriber that is the most events behind now
  unsigned publishers = 0, subscribers = 0, nodes = 0;  ///< alive now
};

/// Computes the rates of one topic, or of all. New ports and topics count from 0, and those that are gone are not counted.
Rates rates_between(const BusSnapshot& before, const BusSnapshot& after, const std::optional<std::string>& topic);

}  // namespace shmbus::tool
