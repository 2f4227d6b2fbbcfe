#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shmbus/snapshot.hpp"

namespace shmbus::tool {

/// The port by which a group holds the publishers of a topic back. It belongs to the group; one of the members' processes owns
/// it.
struct GroupPort {
  const TopicSnapshot* topic;
  const HeldPlaceSnapshot* place;
  std::string group;

  std::string name() const { return "group '" + group + "'"; }
  /// "gating", "without a member" or "held".
  std::string state() const;
  /// Events published from the one on that the group has not settled.
  std::uint64_t lag() const noexcept;
};

/// Valid for as long as the snapshot.
std::vector<GroupPort> group_ports(const TopicSnapshot& topic);

}  // namespace shmbus::tool
