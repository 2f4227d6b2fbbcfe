#pragma once

#include <atomic>
#include <cstdint>

#include "registry/registry.hpp"
#include "shmbus/log/environment.hpp"

namespace shmbus::registry {

/// The bus's stamp clock, and its conversion to system time. Any thread.
///
/// The stamp clock's rate is told by CLOCK_MONOTONIC, which nobody sets, from the creation of the bus to the latest
/// reading; that is taken anew when a stamp lies well beyond it. A stamp is converted from the nearer of its block's
/// pair (stamp, system time) and the latest one, so a system clock that is set is felt by what lies near it alone.
class BusClock {
 public:
  explicit BusClock(const BusRecord& bus) noexcept;

  bool cycle_clock() const noexcept { return cycles_; }
  std::uint64_t stamp() const noexcept;
  log::Moment now() const noexcept;
  /// Nanoseconds a unit of the stamp clock, by now.
  double ns_per_stamp() const noexcept { return cycles_ ? rate(read()) : 1.0; }
  std::int64_t to_ns(std::uint64_t stamp, const log::Moment& opened) noexcept;

 private:
  /// The three clocks at one moment.
  struct Reading {
    log::Moment moment;
    std::uint64_t monotonic_ns;
  };
  Reading read() const noexcept;
  Reading latest() const noexcept;
  void refresh() noexcept;
  /// Since the bus was created. Not above 0 where the members' clocks do not fit each other.
  double age_ns(const Reading& reading) const noexcept;
  /// Nanoseconds a unit of the stamp clock.
  double rate(const Reading& reading) const noexcept;

  std::uint64_t created_cycles_;
  std::uint64_t created_monotonic_ns_;
  bool cycles_;
  // A seqlock of one writer at a time: odd while it is written.
  std::atomic<std::uint64_t> version_{0};
  std::atomic<std::uint64_t> latest_cycles_;
  std::atomic<std::int64_t> latest_ns_;
  std::atomic<std::uint64_t> latest_monotonic_ns_;
};

}  // namespace shmbus::registry
