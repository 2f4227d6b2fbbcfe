#pragma once

#include "log/block_log.hpp"

namespace shmbus::log {

enum class Repair {
  nothing,    ///< the owner lives, or there is none
  done,       ///< the port is free
  postponed,  ///< another process repairs it, or a living claimant must move first
  forbidden,  ///< the block can't be written by this process
};

/// Finishes what a dead publisher left, and frees its port.
Repair repair_publisher(BlockLog& log, unsigned port) noexcept;
/// The same for a dead subscriber.
Repair repair_subscriber(BlockLog& log, unsigned port) noexcept;

struct RepairCount {
  unsigned publishers = 0;
  unsigned subscribers = 0;

  unsigned total() const noexcept { return publishers + subscribers; }
};

/// All ports.
RepairCount repair_all(BlockLog& log) noexcept;

}  // namespace shmbus::log
