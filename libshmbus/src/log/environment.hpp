#pragma once

#include <cstddef>
#include <cstdint>

#include "layout/latency_histogram.hpp"

namespace shmbus::log {

/// A moment on both clocks.
struct Moment {
  std::uint64_t cycles;  ///< stamp clock
  std::int64_t ns;       ///< system clock, nanoseconds since 1970
};

/// What the log needs to know of the world outside its memory. Asked on slow paths only. Any thread.
class Environment {
 public:
  virtual ~Environment() = default;

  /// The node on whose behalf the log is used.
  virtual std::uint64_t self() const noexcept = 0;
  /// Whether this is a forked child of the process that attached: then nothing shared may be written.
  virtual bool forked() const noexcept { return false; }
  /// The number of that node's bell (layout::kFirstSubscriptionBell).
  virtual std::uint64_t bell() const noexcept = 0;
  /// Whether a node lives. Exact: a stopped one does. True for oneself.
  virtual bool alive(std::uint64_t node) noexcept = 0;
  /// Backs a physical block, and its entry in the block table, with memory. False: there is none.
  virtual bool back_block(std::uint32_t physical) noexcept = 0;
  /// Makes the first `blocks` physical blocks, and their entries in the block table, accessible to this process: all
  /// have memory. False: the kernel refuses.
  virtual bool expose_blocks(std::uint32_t /*blocks*/) noexcept { return true; }
  /// A subscriber port's latency histogram, backed with memory; null where there is none.
  virtual layout::LatencyHistogram* histogram(unsigned /*port*/) noexcept { return nullptr; }
  /// Whether the log's memory is all there: somebody may have cut a segment short. Asked before a block is opened.
  virtual bool whole() noexcept { return true; }
  /// Wakes whoever sleeps at a bell.
  virtual void ring(std::uint64_t bell) noexcept = 0;
  /// A block that can be written, for repair; null where this process may not.
  virtual std::byte* writable(std::uint32_t physical) noexcept = 0;
  /// Now, on both clocks.
  virtual Moment now() noexcept = 0;
  /// A stamp as system time, nanoseconds since 1970, given the pair taken when its block was opened.
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
