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
  std::string point;     ///< empty: nothing, it only shows which points it passes
  int signal = SIGKILL;  ///< SIGSTOP: it goes on when the others got on
  bool late = false;     ///< it starts when the victims before it have met theirs
};

/// Plays one scene on a bus of its own, with the first role's survivors and traps, and `publishers` publishers. Throws
/// where an invariant is hurt, or somebody does not get on. Returns which of the victims died or stopped there.
std::vector<bool> play(const std::vector<Fault>& victims, unsigned publishers, Reached* reached = nullptr);

}  // namespace crash
