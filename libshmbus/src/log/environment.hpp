#pragma once

#include <cstddef>
#include <cstdint>

#include "layout/latency_histogram.hpp"

namespace shmbus::log {

/// One moment, by both clocks.
struct Moment {
  std::uint64_t cycles;  ///< stamp clock
  std::int64_t ns;       ///< system clock, nanoseconds since 1970
};

/// What the log needs from outside its memory. Only slow paths use it. Any thread.
class Environment {
 public:
  virtual ~Environment() = default;

  /// The node on whose behalf the log is used.
  virtual std::uint64_t self() const noexcept = 0;
  /// Whether this is a forked child of the process that attached: then nothing shared may be written.
  virtual bool forked() const noexcept { return false; }
  /// The number of that node's bell (layout::kFirstSubscriptionBell).
  virtual std::uint64_t bell() const noexcept = 0;
  /// Whether a node is alive. This is exact: a stopped node is alive. Returns true for this node.
  virtual bool alive(std::uint64_t node) noexcept = 0;
  /// Backs a physical block, and its entry in the block table, with memory. Returns false where there is none.
  virtual bool back_block(std::uint32_t physical) noexcept = 0;
  /// Makes the first `blocks` physical blocks, and their entries in the block table, accessible to this process.
  /// *Requires* that all have memory. Returns false where the kernel refuses.
  virtual bool expose_blocks(std::uint32_t /*blocks*/) noexcept { return true; }
  /// Returns a subscriber port's latency histogram, backed with memory; null where there is no memory.
  virtual layout::LatencyHistogram* histogram(unsigned /*port*/) noexcept { return nullptr; }
  /// Whether the log's memory is complete: another process may have cut a segment short. Checked before a block is
  /// opened.
  virtual bool intact() noexcept { return true; }
  /// Wakes the threads that sleep at a bell.
  virtual void ring(std::uint64_t bell) noexcept = 0;
  /// Returns a block for writing, for repair; null where this process may not write it.
  virtual std::byte* writable(std::uint32_t physical) noexcept = 0;
  /// Now, on both clocks.
  virtual Moment now() noexcept = 0;
  /// Converts a stamp to system time, nanoseconds since 1970, by the pair taken when its block was opened.
  virtual std::int64_t to_ns(std::uint64_t stamp, const Moment& opened) noexcept = 0;
  /// How long a lossy reader waits for a living publisher's open claim, nanoseconds.
  virtual std::uint64_t stall_limit_ns() const noexcept = 0;
  /// Now, in nanoseconds of a clock that never jumps and is common to all processes.
  virtual std::uint64_t monotonic_ns() noexcept = 0;
  /// Whether stamps are read from the core's cycle counter; else `slow_stamp` gives them. Never changes.
  virtual bool cycle_clock() const noexcept = 0;
  virtual std::uint64_t slow_stamp() noexcept = 0;
};

}  // namespace shmbus::log
