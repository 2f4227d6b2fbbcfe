#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "layout/constants.hpp"
#include "layout/extension_entry.hpp"
#include "layout/segment_kinds.hpp"
#include "layout/shared_text.hpp"

namespace shmbus::layout {

enum class ClockKind : std::uint32_t {
  cycle_counter = 0,  ///< stamps are values of the core's constant-rate counter
  monotonic = 1,      ///< stamps are CLOCK_MONOTONIC nanoseconds, where the counter can't be trusted
};

//  0       8               24      88              96           128    132              256
//  +-------+---------------+-------+---------------+------------+------+------------------+
//  | id    | process, since| name  | pid namespace | (reserved) | bell | (reserved)       |
//  +-------+---------------+-------+---------------+------------+------+------------------+
//
// Written by the node itself, while it holds the lock on byte `id` of the registry file; `id` last. A dead node's entry
// is freed by compare-and-swap from its id.
struct NodeEntry {
  alignas(kLine) std::atomic<std::uint64_t> id;  // 0: free
  std::atomic<std::int64_t> started_ns;          // nanoseconds since 1970
  std::atomic<std::int32_t> pid;                 // in the node's own pid namespace
  std::atomic<std::uint32_t> uid;
  SharedText<64> name;                             // of the process
  std::atomic<std::uint64_t> pid_namespace;        // inode of the pid's namespace; 0: not known
  alignas(kLine) std::atomic<std::uint32_t> bell;  // futex word; incremented by every process that rings it
};
static_assert(sizeof(NodeEntry) == 2 * kLine);
static_assert(offsetof(NodeEntry, name) == 24 && offsetof(NodeEntry, pid_namespace) == 88);
static_assert(offsetof(NodeEntry, bell) == 128);

/// Phases of a topic's entry, in the low three bits of `state`. The bits above hold the node that announced the topic
/// and that node's serial number, so that no state occurs twice.
enum class TopicPhase : std::uint64_t {
  free = 0,
  filling = 1,   ///< its name and id are being written
  creating = 2,  ///< the segments may not exist yet
  ready = 3,     ///< the segments exist; standing subscribers may not have been notified yet
  notified = 4,  ///< standing subscribers were notified
};
inline constexpr unsigned kSerialBits = 21;

constexpr std::uint64_t topic_state(TopicPhase phase, std::uint64_t node, std::uint64_t serial) noexcept {
  return node << (kSerialBits + 3) | (serial & ((1u << kSerialBits) - 1)) << 3 | static_cast<std::uint64_t>(phase);
}
constexpr TopicPhase topic_phase(std::uint64_t state) noexcept { return static_cast<TopicPhase>(state & 7); }
constexpr std::uint64_t topic_creator(std::uint64_t state) noexcept { return state >> (kSerialBits + 3); }
constexpr std::uint64_t with_phase(std::uint64_t state, TopicPhase phase) noexcept {
  return (state & ~std::uint64_t{7}) | static_cast<std::uint64_t>(phase);
}

struct TopicEntry {
  alignas(kLine) std::atomic<std::uint64_t> state;  // every change is a compare-and-swap
  std::atomic<std::uint64_t> id;  // incarnation of the topic; written while filling, by the node in `state`
  std::uint64_t reserved[14];
  SharedText<128> name;  // written likewise
};
static_assert(sizeof(TopicEntry) == 2 * kLine);

/// A matching topic that a subscriber could not attach, in its subscription entry.
struct UnattachedEntry {
  std::atomic<std::uint64_t> topic;   // id of the topic; 0: none
  std::atomic<std::uint64_t> reason;  // ErrorCode
};

//  0      8    16         24             32     40            48           56           64     128       256
//  +------+----+----------+--------------+------+-------------+------------+------------+------+---------+
//  |owner | id | reliable | demote after | user | owner count | generation | unattached | name | pattern |
//  +------+----+----------+--------------+------+-------------+------------+------------+------+---------+
//  256    264                       328           384                                                  512
//  +------+-------------------------+-------------+------------------------------------------------------+
//  | bell | 16 accepted owners      | durable     | 8 unattached topics                                  |
//  +------+-------------------------+-------------+------------------------------------------------------+
struct SubscriptionEntry {
  // Written by the owner of the entry, before `id`.
  alignas(kLine) std::atomic<std::uint64_t> owner;  // node; 0: free; by compare-and-swap from 0 or a dead node
  std::atomic<std::uint64_t> id;                    // never used twice; 0 until the rest is written
  std::atomic<std::uint64_t> reliable;
  std::atomic<std::uint64_t> demote_after;  // nanoseconds, 0: never
  std::atomic<std::uint64_t> user;          // uid of the owner
  std::atomic<std::uint64_t> owner_count;   // accepted owners besides `user` and root; above 16, not all are listed

  // Written by the owner of the entry at any time.
  std::atomic<std::uint64_t> generation;  // topic generation up to which it has tried to attach all matching topics
  std::atomic<std::uint64_t> unattached;  // matching topics that it could not attach

  // Written by the owner of the entry, before `id`.
  SharedText<64> name;
  SharedText<128> pattern;

  alignas(kLine) std::atomic<std::uint32_t> bell;  // futex word; incremented by every process that rings it
  std::uint32_t reserved;
  std::atomic<std::uint32_t> owners[kMaxListedOwners];  // uids, before `id`

  // Of a durable subscription, before `id`. They count only where `durable_id` is `id`: a shmbus that does not know
  // them leaves those of the entry's former tenant.
  std::atomic<std::uint64_t> durable;      // byte of the registry file whose lock holds its name (kDurableLocks)
  std::atomic<std::uint64_t> durable_id;   // the `id` that these words belong to
  std::atomic<std::uint64_t> standing_by;  // 1: another process holds the name; the pattern is then empty
  std::uint64_t reserved2[4];

  UnattachedEntry unattached_topics[kMaxListedTopics];  // some of them; only shown to people
};
static_assert(sizeof(SubscriptionEntry) == 4 * kLine);
static_assert(offsetof(SubscriptionEntry, generation) == 48 && offsetof(SubscriptionEntry, name) == 64);
static_assert(offsetof(SubscriptionEntry, bell) == 256 && offsetof(SubscriptionEntry, owners) == 264);
static_assert(offsetof(SubscriptionEntry, durable) == 328);
static_assert(offsetof(SubscriptionEntry, unattached_topics) == 384);

// The registry segment, `registry`:
//
//  0           4096            266240            1314816             3411968
//  +-----------+---------------+-----------------+-------------------+
//  | header    | node table    | topic table     | subscription table|
//  +-----------+---------------+-----------------+-------------------+
//
// The tables are address space. Each is backed page by page from its start, and its count in the header is the number
// of entries that have memory. Byte `id` of the file is the lock of node `id`; the bytes from 2^61 on are other locks.
struct RegistryHeader {
  // Written by the creator before the segment has a name, and never again.
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t header_size;         // bytes, sizeof(RegistryHeader)
  std::uint32_t compatible_flags;    // unknown ones may be ignored
  std::uint32_t incompatible_flags;  // unknown ones forbid use
  std::uint64_t size;                // bytes of this segment
  std::uint64_t incarnation;         // random
  std::int64_t created_ns;           // a pair taken at one moment: system clock, nanoseconds since 1970 ...
  std::uint64_t created_cycles;      // ... and stamp clock
  ClockKind clock;
  std::uint32_t mode;  // of the file
  std::uint64_t stall_limit_ns;
  SharedText<64> name;
  std::uint64_t created_monotonic_ns;  // CLOCK_MONOTONIC at that moment; gives the stamp clock's rate
  std::uint64_t created_suspended_ns;  // how long the machine had been suspended by then, since it booted

  // Counters, by fetch-add.
  alignas(kLine) std::atomic<std::uint64_t> next_node;
  std::atomic<std::uint64_t> next_subscription;
  std::atomic<std::uint64_t> removed;  // 1: the bus was removed; only its members still map it

  // How many entries of each table have memory; these numbers only grow.
  std::atomic<std::uint32_t> nodes;
  std::atomic<std::uint32_t> topics;
  std::atomic<std::uint32_t> subscriptions;

  // Read at every poll, changed when a topic comes or goes.
  alignas(kLine) std::atomic<std::uint64_t> topic_generation;

  alignas(2048) ExtensionDirectory extensions;
  SharedText<1024> journals;           // path of the journals; written by the creator before the segment has a name
  std::atomic<std::uint64_t> revived;  // 1: the topics whose journals were left in use are back

  alignas(kPage) NodeEntry node_table[kMaxNodes];
  TopicEntry topic_table[kMaxTopics];
  SubscriptionEntry subscription_table[kMaxSubscriptions];
};
static_assert(offsetof(RegistryHeader, created_monotonic_ns) == 136 && offsetof(RegistryHeader, next_node) == 256);
static_assert(offsetof(RegistryHeader, extensions) == 2048);
static_assert(offsetof(RegistryHeader, journals) == 2432 && offsetof(RegistryHeader, revived) == 3456);
static_assert(offsetof(RegistryHeader, node_table) == 4096);
static_assert(offsetof(RegistryHeader, topic_table) == 266240);
static_assert(offsetof(RegistryHeader, subscription_table) == 1314816);
static_assert(sizeof(RegistryHeader) == 3411968);

/// The lock of a durable subscription's name is on one of the 2^60 bytes from here on, chosen by a hash of the name.
inline constexpr std::uint64_t kDurableLocks = std::uint64_t{1} << 61;

/// Locked while the bus's name must keep leading to this registry, or while the name is being removed.
inline constexpr std::uint64_t kRemovalLock = std::uint64_t{1} << 62;

}  // namespace shmbus::layout
