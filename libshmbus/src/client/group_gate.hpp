#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "topic/topic_segment.hpp"

namespace shmbus::detail {

/// A group's place in the ring of a topic without a journal: a subscriber port that belongs to the group and not to a
/// member, and bears the group's id as its subscription. It holds publishers back from the block of the oldest unsettled
/// event on, as a reliable subscriber does. The node of one member owns it. When that one ends, the port is kept for
/// `GroupOptions::abandon_after` (log/held_port.hpp), and another member takes it over by compare-and-swap. One thread at a
/// time; `move` on any.
///
/// E1 Its pin only moves up, by compare-and-swap, and to a block that holds the floor or an earlier number.
/// E2 Members that join at the same moment may make two. Whoever moves one moves the other as well.
class GroupGate {
 public:
  /// Does nothing for a topic with a journal: what leaves the ring is there.
  GroupGate(topic::TopicSegment& segment, std::uint64_t group, const std::string& name, std::uint64_t bell,
            std::uint64_t abandon_after_ns);

  /// Returns the name of a group's port. No durable name has a colon, so no durable subscription takes the port for its own.
  static std::string port_name(const std::string& group);

  /// Takes the group's port over where its owner has ended, and makes one at `block` where there is none. *Requires* that
  /// a reliable reader of this process holds that block meanwhile. Returns false where all ports of the topic are in use.
  bool hold(std::uint64_t block, std::uint64_t floor) noexcept;
  /// The same for a member whose reader holds nothing: where there is no port, the group loses what leaves the ring.
  void keep() noexcept;
  /// Moves the port up to the block of the floor.
  void move(std::uint64_t floor) noexcept;
  /// The member ends. Another living member's node owns the port from now on, or, without one (0), it is kept for a while.
  void leave(std::uint64_t next_node) noexcept;

 private:
  bool take_over() noexcept;
  bool move_port(unsigned number, std::uint64_t floor) noexcept;
  bool is_ours(unsigned port) const noexcept;

  topic::TopicSegment* segment_;
  std::uint64_t group_;
  std::string name_;
  std::uint64_t bell_;
  std::uint64_t abandon_after_ns_;
  std::atomic<int> port_{-1};  // none: -1
};

}  // namespace shmbus::detail
