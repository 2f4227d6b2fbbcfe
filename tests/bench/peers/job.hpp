#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "measure/payload.hpp"

namespace peers {

/// The command line of a measuring program: `PROGRAM latency|throughput [--size N] [--seconds S]`.
struct Job {
  enum class Measure : std::uint8_t { latency, throughput };

  Measure measure = Measure::latency;
  std::size_t size = 64;                     ///< bytes per message; the first eight hold its number
  double seconds = 1;                        ///< how long to measure, after a warm-up of a fifth of it
  bool pin = true;                           ///< each of its two processes stays on one core
  std::size_t ring = std::size_t{4} << 20U;  ///< bytes of the ring, for peers with such an option

  /// Which bytes of a message are written and read, as in shmbus-bench.
  shmbus::measure::Touch touch() const noexcept {
    return measure == Measure::latency ? shmbus::measure::Touch::ends : shmbus::measure::Touch::first;
  }
};

/// What a program can measure, and how it is described.
struct Ability {
  const char* name;         ///< the program's
  const char* description;  ///< one line
  bool throughput = true;
  bool ring = false;  ///< accepts --ring
};

/// Calls `clear`, unless it is empty, at its end.
class Cleared {
 public:
  explicit Cleared(const std::function<void()>& clear) : clear_(clear) {}
  Cleared(const Cleared&) = delete;
  Cleared& operator=(const Cleared&) = delete;
  ~Cleared() {
    if (clear_) clear_();
  }

 private:
  const std::function<void()>& clear_;
};

/// Does the work of a `main`, and returns its exit code: 1 where it throws. Prints errors.
int reported(const char* name, const std::function<int()>& work);

/// Does the job that the command line describes, and returns the exit code: 0 done, 1 failed, 2 wrong arguments. Prints
/// errors.
int with_job(const Ability& ability, int argc, char** argv, const std::function<int(const Job&)>& work);

}  // namespace peers
