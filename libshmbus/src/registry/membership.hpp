#pragma once

#include <memory>

#include "registry/bus_clock.hpp"
#include "registry/node.hpp"

namespace shmbus::registry {

/// The node and clock that all segments of a process's membership share.
struct Membership {
  /// Creates a new node of a bus, and its clock. *Throws* Error.
  static Membership of(std::shared_ptr<Registry> registry);

  std::shared_ptr<Node> node;
  std::shared_ptr<BusClock> clock;
};

}  // namespace shmbus::registry
