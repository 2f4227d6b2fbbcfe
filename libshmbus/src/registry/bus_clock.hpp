#pragma once

#include <atomic>
#include <cstdint>

#include "log/environment.hpp"
#include "registry/registry.hpp"

namespace shmbus::registry {

/// The bus's stamp clock, and its conversion to system time. Any thread.
///
/// The stamp clock's rate is measured by CLOCK_MONOTONIC, which no process can set, from the creation of the bus to the
/// latest reading. A new reading is taken when a stamp lies well after the latest one. There are two pairs of stamp and
/// system time to convert a stamp from: its block's pair and the latest one. The nearer is used. So when the system
/// clock is set, only stamps near that moment are affected.
///
/// During a suspend of the machine, CLOCK_MONOTONIC stops, and the cycle counter goes on, stops or restarts. So the
/// rate is measured only between readings with no suspend between them: from the bus's creation, or else from the first
/// reading after the latest suspend. Where the counter stopped, a stamp does not show on which side of the suspend it
/// lies: a stamp that is nearer to the reading on the other side gets a time of that side.
class BusClock {
 public:
  explicit BusClock(const BusRecord& bus) noexcept;

  bool cycle_clock() const noexcept { return cycles_; }
  std::uint64_t stamp() const noexcept;
  log::Moment now() const noexcept;
  /// Returns the current rate, in nanoseconds per unit of the stamp clock.
  double ns_per_stamp() noexcept;
  std::int64_t to_ns(std::uint64_t stamp, const log::Moment& opened) noexcept;

 private:
  /// The clocks, read at one moment.
  struct Reading {
    log::Moment moment;
    std::uint64_t monotonic_ns;
    std::uint64_t suspended_ns;  ///< for which the machine was suspended since it booted
  };
  /// What stamps are converted with.
  struct Latest {
    log::Moment moment;
    double rate;   ///< nanoseconds per unit of the stamp clock
    double reach;  ///< nanoseconds after which the clocks are read again
  };
  Reading read() const noexcept;
  Latest latest() const noexcept;
  void refresh() noexcept;
  void store(const Reading& reading) noexcept;
  /// Nanoseconds since the rate's first reading. Not above 0 where the members' clocks contradict each other.
  double age_ns(const Reading& reading) const noexcept;
  static bool suspended_between(const Reading& before, const Reading& after) noexcept;

  const bool cycles_;
  // A seqlock with one writer at a time; the version is odd while it is written.
  std::atomic<std::uint64_t> version_{0};
  std::atomic<std::uint64_t> latest_cycles_{0};
  std::atomic<std::int64_t> latest_ns_{0};
  std::atomic<double> rate_{1.0};
  std::atomic<double> reach_{0.0};
  Reading base_;  // the rate's first reading; only for the writer
};

}  // namespace shmbus::registry
