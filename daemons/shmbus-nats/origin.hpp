#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "counters.hpp"
#include "delivery.hpp"
#include "settings.hpp"
#include "subjects.hpp"

namespace shmbus::bridge {

/// The stream of another bridge, and where we are in it.
struct Origin {
  Origin(std::string bridge, std::size_t state_record, InCounts& its_counts)
      : name(std::move(bridge)), stream(stream_of(name)), record(state_record), counts(its_counts) {}

  const std::string name;
  const std::string stream;
  bool appeared = false;               ///< its stream came after the bridge had looked for it
  const std::size_t record;            ///< in the state file
  InCounts& counts;
  std::vector<const InRule*> rules;    ///< that name it, in their order

  // Of the present link.
  std::unique_ptr<Delivery> delivery;
  std::uint64_t next_delivery = 1;     ///< the consumer's number of the next message, if none is missing
  bool counts_gaps = false;            ///< it receives the whole stream, so that a gap is a loss
  std::uint64_t unacknowledged = 0;    ///< messages dealt with, and not acknowledged
  std::atomic<bool> broken{false};     ///< a message is missing: the consumer must be made anew
};

}  // namespace shmbus::bridge
