#pragma once

#include <optional>
#include <string>

#include "shmbus/inspector.hpp"

namespace shmbus::tool {

/// What happened on a bus between two looks, a second.
struct Rates {
  double seconds = 0;
  double published = 0, bytes = 0;                      ///< bytes of log
  double delivered = 0, lost = 0;                       ///< of all subscribers
  double waits = 0, wakeups = 0;                        ///< of publishers; of subscribers
  std::uint64_t lag = 0;                                ///< of the subscriber that is most events behind, now
  unsigned publishers = 0, subscribers = 0, nodes = 0;  ///< that live now
};

/// Of one topic, or of all. Ports and topics that came meanwhile count from 0; those that went count no more.
Rates rates_between(const BusSnapshot& before, const BusSnapshot& after, const std::optional<std::string>& topic);

}  // namespace shmbus::tool
