#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "measure/payload.hpp"

namespace peers {

/// What a measuring program is told by its command line: `PROGRAM latency|throughput [--size N] [--seconds S]`.
struct Job {
  enum class Measure : std::uint8_t { latency, throughput };

  Measure measure = Measure::latency;
  std::size_t size = 64;                     ///< bytes a message; its number is in the first eight
  double seconds = 1;                        ///< measured, after a warm-up of a fifth of it
  bool pin = true;                           ///< its two processes stay on a core each
  std::size_t ring = std::size_t{4} << 20U;  ///< bytes of the ring, for a peer that takes them

  /// What is written and read of a message, as shmbus-bench does.
  shmbus::measure::Touch touch() const noexcept {
    return measure == Measure::latency ? shmbus::measure::Touch::ends : shmbus::measure::Touch::first;
  }
};

/// What a program can measure, and how it is described.
struct Ability {
  const char* name;         ///< the program's
  const char* description;  ///< one line
  bool throughput = true;
  bool ring = false;  ///< takes --ring
};

/// Does the job that the command line describes, and returns the exit code: 0 done, 1 failed, 2 wrong use. What goes
/// wrong is said.
int with_job(const Ability& ability, int argc, char** argv, const std::function<int(const Job&)>& work);

}  // namespace peers
