#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shmbus/group_options.hpp"
#include "shmbus/options.hpp"
#include "shmbus/snapshot.hpp"

#include "shmbus/detail/header_begin.hpp"

// What Inspector shows of groups: see Bus::group. If another program overwrote numbers in a group's file, they are shown
// as they are.
namespace shmbus {

/// What members of a group have done.
struct GroupCounts {
  std::uint64_t leases = 0;        ///< events leased, again or for the first time
  std::uint64_t acknowledged = 0;  ///< leases that were acknowledged
  std::uint64_t given_back = 0;
  std::uint64_t rejected = 0;      ///< leases whose event became a dead letter, or was lost before it could be read
  std::uint64_t expired = 0;       ///< leases that had ended before their holder ended them
  std::uint64_t redelivered = 0;   ///< leases of events that had been leased before
  std::uint64_t dead_letters = 0;  ///< events published as dead letters
  std::uint64_t unpublished = 0;   ///< dead letters that could not be published; tried again
  std::uint64_t lost = 0;          ///< events that had left the ring before any member read them
};

struct GroupMemberSnapshot {
  unsigned number = 0;  ///< of its entry in the group's file
  std::string name;     ///< the member's own, and its program
  std::uint64_t node = 0;
  std::int32_t pid = 0;  ///< of that node; 0 where it is not listed any more
  std::string program;   ///< of that node
  NodeState state = NodeState::dead;
  Time joined{};
  std::size_t leased = 0;  ///< events that it holds now
  GroupCounts counts;      ///< since it joined
};

enum class GroupEventState : std::uint8_t {
  unread,   ///< no member has come to it yet
  waiting,  ///< it may be leased, or will be when its time has come
  leased,   ///< a member holds it
};
const char* to_string(GroupEventState state) noexcept;  ///< "unread", "waiting", "leased"

/// A number that is not settled in a group. In a range that members have not come to yet, it may be one that no event has.
struct GroupEventSnapshot {
  std::uint64_t sequence = 0;
  GroupEventState state = GroupEventState::unread;
  unsigned deliveries = 0;                 ///< how often it was leased; from 65,536 times on the count is not exact
  std::string member;                      ///< name of its holder, or of the last one; empty where it has none
  std::uint64_t node = 0;                  ///< of the holder; 0: nobody holds it
  std::int32_t pid = 0;                    ///< of that node; 0 where it is not listed any more
  NodeState node_state = NodeState::dead;  ///< of that node
  std::chrono::nanoseconds leased_for{0};  ///< since its last lease began; 0: it was never leased
  /// Until its lease ends, or until it may be leased again; 0: that moment has come. Nothing where its holder has not
  /// written it.
  std::optional<std::chrono::nanoseconds> left;
};

/// A group of one topic. What its members take from `<topic>.retry.<group>` is a group of that topic.
struct GroupSnapshot {
  std::string topic;
  std::string group;
  std::uint64_t id = 0;     ///< which group of that name; a group's port in a topic bears it as its subscription
  bool in_journal = false;  ///< its file lies beside the topic's journal, and it holds no publisher back
  Time created{};
  /// What its creator chose. `start`, `wait`, `name` and `key` are not recorded.
  GroupOptions options;
  std::vector<GroupMemberSnapshot> members;

  std::uint64_t floor = 0;                   ///< no event below is unsettled
  std::uint64_t walked = 0;                  ///< the number behind the last one that a member has come to
  std::uint64_t published = 0;               ///< sequence of the topic's newest event; 0: none yet
  std::uint64_t lag = 0;                     ///< events that are not settled
  std::uint64_t leased = 0;                  ///< of those, events that members hold
  std::uint64_t waiting = 0;                 ///< of those, events that members have come to, and that nobody holds
  std::optional<GroupEventSnapshot> oldest;  ///< the first event that is not settled
  /// Age of that event. Where it has left the ring, the age of the oldest one there. Nothing where the topic has no time
  /// stamps, or the inspector may not read the log.
  std::optional<std::chrono::nanoseconds> oldest_age;

  GroupCounts counts;                        ///< of all members, and of those that have left
  std::uint64_t deaths = 0;                  ///< members that died
  bool cautious = false;                     ///< see Group::cautious
  std::chrono::nanoseconds cautious_for{0};  ///< until it may lease an event, while it is cautious
  std::uint64_t cautious_times = 0;          ///< how often it has become cautious
  bool full = false;                         ///< the window is full: new events wait for `oldest`
  std::chrono::nanoseconds full_for{0};      ///< since when
  std::string problem;                       ///< why it could not be read; empty when it could

  /// Events that no member has come to yet.
  std::uint64_t unread() const noexcept { return lag - leased - waiting; }
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
