#pragma once

#include <atomic>
#include <cstdint>

#include "log/environment.hpp"
#include "registry/registry.hpp"

namespace shmbus::registry {

/// The bus's stamp clock, and its conversion to system time. Any thread.
///
/// The stamp clock's rate is told by CLOCK_MONOTONIC, which nobody sets, from the creation of the bus to the latest
/// reading; that is taken anew when a stamp lies well beyond it. A stamp is converted from the nearer of its block's
/// pair (stamp, system time) and the latest one, so a system clock that is set is felt by what lies near it alone.
///
/// While the machine is suspended CLOCK_MONOTONIC stands still, and the cycle counter goes on, stands still or begins
/// anew. So a rate is told only between readings with no suspend between them: from the reading after the latest one,
/// if it came since the creation. Which side of a suspend a stamp lies on can't be told where the counter stood still:
/// what lies nearer to the reading on the other side gets a time of that side.
class BusClock {
 public:
  explicit BusClock(const BusRecord& bus) noexcept;

  bool cycle_clock() const noexcept { return cycles_; }
  std::uint64_t stamp() const noexcept;
  log::Moment now() const noexcept;
  /// Nanoseconds a unit of the stamp clock, by now.
  double ns_per_stamp() noexcept;
  std::int64_t to_ns(std::uint64_t stamp, const log::Moment& opened) noexcept;

 private:
  /// The clocks at one moment.
  struct Reading {
    log::Moment moment;
    std::uint64_t monotonic_ns;
    std::uint64_t suspended_ns;  ///< for which the machine was suspended since it was started
  };
  /// What stamps are converted by.
  struct Latest {
    log::Moment moment;
    double rate;   ///< nanoseconds a unit of the stamp clock
    double reach;  ///< nanoseconds beyond which the clocks are read anew
  };
  Reading read() const noexcept;
  Latest latest() const noexcept;
  void refresh() noexcept;
  void store(const Reading& reading) noexcept;
  /// Since the rate's first reading. Not above 0 where the members' clocks do not fit each other.
  double age_ns(const Reading& reading) const noexcept;
  static bool suspended_between(const Reading& before, const Reading& after) noexcept;

  const bool cycles_;
  // A seqlock of one writer at a time: odd while it is written.
  std::atomic<std::uint64_t> version_{0};
  std::atomic<std::uint64_t> latest_cycles_{0};
  std::atomic<std::int64_t> latest_ns_{0};
  std::atomic<double> rate_{1.0};
  std::atomic<double> reach_{0.0};
  Reading base_;  // the rate's first reading; the writer's alone
};

}  // namespace shmbus::registry
