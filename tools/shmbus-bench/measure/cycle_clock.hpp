#pragma once

#include <cstdint>
#include "cpu.hpp"

namespace shmbus::measure {

/// The core's constant-rate cycle counter as a clock: a reading costs some nanoseconds and no system call, and cores
/// agree on it on every machine whose kernel uses it as its clock source.
class CycleClock {
 public:
  /// Takes a first pair of counter and clock, and one 20 ms later.
  CycleClock();

  static std::uint64_t now() noexcept { return read_cycle_counter(); }

  /// Takes a new second pair. The further from the first, the better the rate: call it when all is measured.
  void calibrate();

  double ns_per_tick() const noexcept { return ns_per_tick_; }
  /// In what steps the counter moves, in ticks: some count in the unit of a fast clock and follow a slow
  /// one. 1 where none shows.
  std::uint64_t step() const noexcept { return step_; }
  double nanoseconds(std::uint64_t ticks) const noexcept { return static_cast<double>(ticks) * ns_per_tick_; }
  std::uint64_t ticks(double nanoseconds) const noexcept {
    return static_cast<std::uint64_t>(nanoseconds / ns_per_tick_);
  }

 private:
  struct Pair {
    std::uint64_t ticks = 0;
    std::uint64_t ns = 0;
  };
  static Pair read_both();

  static std::uint64_t find_step();

  Pair first_;
  std::uint64_t step_ = find_step();
  double ns_per_tick_ = 1;
};

/// What one reading of the counter costs, in ticks, where many follow each other: the mean of `reads`.
double read_cost(unsigned reads = 1000) noexcept;

}  // namespace shmbus::measure
