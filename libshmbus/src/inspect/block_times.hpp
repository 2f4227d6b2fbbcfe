#pragma once

#include <chrono>
#include <cstdint>

#include "log/block_log.hpp"
#include "registry/bus_clock.hpp"
#include "shmbus/options.hpp"

namespace shmbus::detail {

/// Converts the time stamps of one block's events. Made before the block is read: where the block is still in the ring
/// after that, what was read here is of that block, too.
class BlockTimes {
 public:
  BlockTimes(const log::BlockLog& log, const log::Block& block, registry::BusClock& clock) noexcept
      : clock_(&clock), stamped_(log.timestamps()) {
    const layout::BlockEntry& entry = log.entry(block.physical);
    opened_ = {entry.opened_cycles.load(std::memory_order_relaxed), entry.opened_ns.load(std::memory_order_relaxed)};
  }

  /// Returns the epoch where the topic has no time stamps.
  Time of(std::uint64_t stamp) const noexcept {
    return stamped_ ? Time{std::chrono::nanoseconds{clock_->to_ns(stamp, opened_)}} : Time{};
  }

 private:
  registry::BusClock* clock_;
  log::Moment opened_;
  bool stamped_;
};

}  // namespace shmbus::detail
