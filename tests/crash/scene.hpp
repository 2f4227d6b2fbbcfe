#pragma once

#include <csignal>
#include <string>
#include <vector>

#include "crash/crash_points.hpp"
#include "crash/role.hpp"

namespace crash {

/// What happens to one victim.
struct Fault {
  const Role* role;
  std::string point;     ///< empty: no fault, the process only records which points it passes
  int signal = SIGKILL;  ///< SIGSTOP: it goes on when the others have made progress
  bool late = false;     ///< it starts after the faults of the victims before it
};

/// Plays one scene on a bus of its own, with the first role's survivors and traps, and `publishers` publishers. Throws if an
/// invariant is broken, or a survivor makes no progress. Returns which victims died or stopped at their points.
std::vector<bool> play(const std::vector<Fault>& victims, unsigned publishers, Reached* reached = nullptr);

}  // namespace crash
