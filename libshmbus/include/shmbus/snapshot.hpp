#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shmbus/error.hpp"
#include "shmbus/event_id.hpp"
#include "shmbus/latency.hpp"
#include "shmbus/options.hpp"
#include "shmbus/topic_info.hpp"
#include "shmbus/trace_context.hpp"

#include "shmbus/detail/header_begin.hpp"

// What Inspector shows of a bus. If another program overwrote numbers in the shared memory, they are shown as they are.
namespace shmbus {

enum class NodeState : std::uint8_t {
  alive,
  stopped,  ///< alive, but its process is stopped (SIGSTOP, a debugger). Known only where the process is in the
  ///< inspector's pid namespace and /proc is mounted
  dead,  ///< its process died, or left the bus without cleaning up; what it left was not reaped yet
};
const char* to_string(NodeState state) noexcept;  ///< "alive", "stopped", "dead"

struct NodeSnapshot {
  std::uint64_t id = 0;
  std::int32_t pid = 0;  ///< in the node's own pid namespace
  bool local = false;    ///< the inspector is in the same pid namespace: `pid` is valid for it
  std::uint32_t uid = 0;
  std::string program;  ///< the process's name
  Time started{};       ///< when it became a node
  bool alive = false;
  NodeState state = NodeState::dead;
  std::chrono::nanoseconds cpu_time{0};  ///< user and system time of its process so far; 0 where it is not known
  unsigned publishers = 0;               ///< ports it holds
  unsigned subscribers = 0;
  unsigned subscriptions = 0;  ///< standing subscriptions
};

struct PublisherSnapshot {
  unsigned port = 0;
  std::uint64_t node = 0;
  std::int32_t pid = 0;  ///< of the node; 0 where it is not listed any more
  std::string program;
  bool alive = false;
  NodeState state = NodeState::dead;
  std::uint64_t published = 0;  ///< events since it attached
  std::uint64_t bytes = 0;      ///< of their records: headers and payloads. For an exclusive topic this is derived
                                ///< from positions, and includes the padding that ended blocks
  std::uint64_t waits = 0;      ///< times that it had to wait for a reliable subscriber
  std::chrono::nanoseconds waiting_for{0};  ///< duration of its current wait for one; 0: it does not wait
  bool claim_open = false;                  ///< it is between claim and commit, for example with a loan
  std::uint64_t claim = 0;                  ///< identifies the open claim, across snapshots; 0: none
  std::chrono::nanoseconds claim_age{0};    ///< how long this Inspector has seen this claim; 0 in the first snapshot
};

enum class SubscriberState : std::uint8_t {
  spinning,  ///< awake: it handles events, or checks for new ones
  sleeping,  ///< sleeps in the kernel until an event comes
  lapped,    ///< the block it needs next has left the ring: it has lost events and has not noticed yet
  stopped,   ///< see NodeState
  gating,    ///< it holds publishers back, stopped or not
  dead,
};
const char* to_string(SubscriberState state) noexcept;  ///< "spinning" and so on

struct SubscriberSnapshot {
  unsigned port = 0;
  std::uint64_t node = 0;
  std::int32_t pid = 0;  ///< of the node; 0 where it is not listed any more
  std::string program;
  bool alive = false;
  NodeState node_state = NodeState::dead;
  SubscriberState state = SubscriberState::dead;  ///< the last state of the list that applies; the flags below show all
  std::string name;
  std::string pattern;  ///< of its standing subscription; empty where that is not listed any more
  bool adopted = true;  ///< false: the topic's creator placed it, and its process has not adopted it yet
  Delivery delivery = Delivery::lossy;
  bool demoted = false;                      ///< it was reliable, and was made lossy after `demote_after`
  std::chrono::nanoseconds demote_after{0};  ///< 0: never
  std::uint64_t next_sequence = 0;           ///< the event it reads next
  std::uint64_t lag = 0;                     ///< events published that it has not read yet
  /// Age of the oldest event that it has not read; 0 without lag. Where it is lapped, the age of the oldest retained
  /// event. Nothing where the topic has no time stamps, or the inspector may not read the log.
  std::optional<std::chrono::nanoseconds> lag_time;
  std::uint64_t delivered = 0;
  std::uint64_t lost = 0;            ///< sequence numbers that it skipped unread; see Subscriber::lost
  std::uint64_t lapped = 0;          ///< times that its next block had left the ring
  std::uint64_t wakeups = 0;         ///< times that it slept in `wait`
  std::uint64_t handler_errors = 0;  ///< handler calls that threw
  std::uint64_t mismatched = 0;      ///< events that were not of the type that it reads
  Latency latency;                   ///< since it attached; empty without time stamps
  bool sleeping = false;
  bool lapped_now = false;
  bool in_journal = false;                     ///< it reads from the journal now: the ring has moved past it
  bool gating = false;                         ///< it holds publishers back now
  std::chrono::nanoseconds gating_for{0};      ///< for how long it has held them back
  std::uint64_t pinned_block = 0;              ///< number of the block it is inside, or enters next; 0: none
  std::vector<std::uint64_t> retained_blocks;  ///< numbers of the blocks with events that it retained
};

/// The place that a durable subscription with `hold_for` keeps in a topic's ring, at its first event that is not
/// acknowledged.
struct HeldPlaceSnapshot {
  unsigned port = 0;
  std::string name;
  bool held = false;       ///< its holder has ended or died, and no other one has taken it over yet
  std::uint64_t node = 0;  ///< of the holder, or of the last one
  std::int32_t pid = 0;    ///< of that node; 0 where it is not listed any more
  std::string program;
  NodeState node_state = NodeState::dead;
  std::uint64_t next_sequence = 0;  ///< the first event that is not acknowledged
  bool gating = false;              ///< it holds publishers back now
  std::chrono::nanoseconds gating_for{0};
  std::chrono::nanoseconds hold_for{0};  ///< how long publishers wait for it after its holder's end
};

enum class RecorderState : std::uint8_t {
  none,  ///< no process records: publishers wait, for `TopicInfo::unrecorded_limit` at most, once the ring is full
  recording,
  failed,     ///< a write or sync failed; events go on in memory, and it tries again after a pause
  low_space,  ///< too little free space on the disk; the same
};
const char* to_string(RecorderState state) noexcept;  ///< "recording" and so on

/// The journal of a topic, as its recorder shows it.
struct JournalSnapshot {
  RecorderState state = RecorderState::none;
  std::uint64_t node = 0;  ///< of the process that records; 0: none
  std::int32_t pid = 0;    ///< of that node; 0 where it is not listed any more
  std::string program;
  bool alive = false;
  std::uint64_t recorded = 0;             ///< sequence up to which events are written
  std::uint64_t durable = 0;              ///< sequence up to which they are as safe as the topic's Journal makes them
  std::uint64_t unrecorded = 0;           ///< events published that are not written yet
  std::uint64_t not_durable = 0;          ///< events published that are not durable yet
  bool holds = true;                      ///< publishers wait for it when the ring is full; false: they go on without
  bool holding = false;                   ///< they wait now
  std::uint64_t missing = 0;              ///< events that left the ring unrecorded since this memory was made
  std::uint64_t missing_end = 0;          ///< the last such number; 0: none
  std::uint64_t failures = 0;             ///< writes and syncs that failed
  int error = 0;                          ///< errno value of the last failure
  std::uint64_t hand_overs = 0;           ///< times that a process began to record
  std::uint64_t frames = 0, bytes = 0;    ///< written since this memory was made
  std::uint64_t syncs = 0;                ///< since this memory was made
  std::chrono::nanoseconds sync_time{0};  ///< of all of them
  std::chrono::nanoseconds longest_sync{0};  ///< of one
  std::uint64_t files = 0, files_bytes = 0;  ///< segment files on disk
  std::uint64_t first_held = 0;              ///< the first number that they may hold; 0: none
  std::uint64_t free_bytes = 0;              ///< of their file system, a moment ago
};

struct TopicSnapshot {
  TopicInfo info;
  std::uint64_t published = 0;        ///< sequence of the newest event; 0: none yet
  std::uint64_t bytes = 0;            ///< of the log since its start: records, and the padding that ended blocks
  std::uint64_t oldest = 0;           ///< sequence of the oldest retained event; 0: none
  std::uint64_t opened_blocks = 0;    ///< number of the newest block
  std::uint64_t memory = 0;           ///< bytes of /dev/shm that its blocks use
  std::uint64_t dropped_blocks = 0;   ///< dropped early because memory was short
  std::uint64_t repaired_claims = 0;  ///< of publishers that died between claim and commit
  std::uint64_t repaired_ports = 0;   ///< that dead processes left
  std::vector<PublisherSnapshot> publishers;
  std::vector<SubscriberSnapshot> subscribers;
  std::vector<HeldPlaceSnapshot> places;   ///< of durable subscriptions with `hold_for`
  std::optional<JournalSnapshot> journal;  ///< nothing where the topic has none
  std::string problem;                     ///< why it could not be read; empty when it could
};

/// A topic that is listed but not usable yet: its creator is still creating it, or stopped or died during that.
struct UnfinishedTopic {
  std::string name;  ///< may be empty: not written yet
  std::uint64_t creator = 0;
  NodeState creator_state = NodeState::dead;
};

/// A matching topic that a subscriber does not read.
struct UnattachedSnapshot {
  std::string topic;              ///< empty where it is not listed any more
  std::optional<ErrorCode> code;  ///< the reason, where the subscription lists it: it lists eight topics
};

struct SubscriptionSnapshot {
  std::uint64_t id = 0;
  std::uint64_t node = 0;
  std::int32_t pid = 0;  ///< of the node; 0 where it is not listed any more
  std::string program;
  NodeState state = NodeState::dead;
  std::string name;
  std::string pattern;       ///< empty while it stands by
  bool durable = false;      ///< it has a durable name: see Inspector::durables
  bool standing_by = false;  ///< it waits for another one that holds its durable name
  Delivery delivery = Delivery::lossy;
  std::size_t unattached_count = 0;            ///< matching topics that it could not attach
  std::vector<UnattachedSnapshot> unattached;  ///< up to eight of them, with the reason
};

struct BusSnapshot {
  std::string name;
  std::uint64_t incarnation = 0;
  Time taken{};                                    ///< now
  std::chrono::steady_clock::time_point steady{};  ///< now, by a clock that is never set: for computing rates
  Time created{};
  unsigned mode = 0;
  std::uint32_t owner = 0;  ///< uid of the registry's file
  std::chrono::nanoseconds stall_limit{0};
  std::string journals;        ///< the folder of its journals
  bool cycle_clock = true;     ///< time stamps are the core's counter; false: CLOCK_MONOTONIC
  bool removed = false;        ///< the bus was removed; a new Inspector may find a new bus of this name
  std::uint64_t shm_size = 0;  ///< bytes of /dev/shm; 0 where it has no limit of its own
  std::uint64_t shm_free = 0;  ///< bytes left there; 0 where it has no limit
  std::vector<NodeSnapshot> nodes;
  std::vector<TopicSnapshot> topics;  ///< by name
  std::vector<UnfinishedTopic> unfinished;
  std::vector<SubscriptionSnapshot> subscriptions;
};

/// A block of a topic's ring.
struct BlockSnapshot {
  std::uint64_t number = 0;  ///< 0: the slot was never used, or its block was dropped early
  std::uint32_t physical = 0;
  bool newest = false;
  std::uint64_t first_sequence = 0;
  std::uint64_t events = 0;  ///< aborted ones included
  Time opened{};
  std::uint64_t pinned_by = 0;    ///< subscriber ports that are inside it or enter it next, one bit each
  std::uint64_t retained_by = 0;  ///< subscriber ports that retain events in it
  std::uint64_t gated_by = 0;     ///< those of `pinned_by` that hold publishers back
};

/// A topic's ring, for display.
struct RingSnapshot {
  std::vector<BlockSnapshot> slots;    ///< all slots of the ring
  std::vector<BlockSnapshot> outside;  ///< blocks that left the ring and are still pinned or retained, by number
};

/// A header of an event, copied; see EventHeader.
struct HeaderSnapshot {
  std::string name;
  std::string value;
};

/// One event, copied from a topic's ring.
struct EventSnapshot {
  std::string topic;                    ///< see Event::topic
  EventId id;                           ///< see Event::id
  std::uint64_t sequence = 0;           ///< see Event::sequence
  Time time{};                          ///< see Event::time
  unsigned publisher = 0;               ///< number of its publisher's port
  std::size_t size = 0;                 ///< bytes of the whole payload
  std::vector<std::byte> payload;       ///< its first bytes, as many as were requested
  std::vector<HeaderSnapshot> headers;  ///< see Event::headers
  std::string key;                      ///< see Event::key
  std::optional<TraceContext> trace;    ///< see Event::trace
  std::optional<EventId> cause;         ///< see Event::cause
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
