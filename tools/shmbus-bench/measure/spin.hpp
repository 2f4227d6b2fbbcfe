#pragma once

#include <sched.h>

#include "cpu.hpp"

namespace shmbus::measure {

/// What a spinning loop does between two checks. A measurement and its floor do the same.
struct Spin {
  unsigned pauses = 0;  ///< pause instructions
  bool yield = false;   ///< yields the core: needed where processes share one

  void operator()() const noexcept {
    for (unsigned i = 0; i < pauses; ++i) pause();
    if (yield) ::sched_yield();
  }
};

}  // namespace shmbus::measure
