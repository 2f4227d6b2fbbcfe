#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "layout/block_entry.hpp"
#include "layout/constants.hpp"
#include "layout/extension_entry.hpp"
#include "layout/port.hpp"
#include "layout/segment_kinds.hpp"
#include "layout/shared_text.hpp"

namespace shmbus::layout {

/// Bits of the `options` word: options of the creator that no other field records.
enum TopicOption : std::uint32_t {
  kAcceptsRaw = 1,  ///< publishers of raw bytes are accepted besides those of the recorded type
  kReserved = 2,    ///< all blocks were backed with memory at creation
};

/// Bits of the `attention` word: reasons for a publisher to leave its fast path.
enum Attention : std::uint64_t {
  kTopicRemoved = 1,  ///< publishing returns `closed`
  kFenceNeeded = 2,   ///< a sleeper could not call membarrier: publishers order commit and wake-up themselves
};

//  0      8            128       136         256
//  +------+------------+---------+-----------+
//  | tail | (reserved) | waiters | attention |
//  +------+------------+---------+-----------+
struct TopicWords {
  // Every change of a shared topic's tail is a read-modify-write; of an exclusive one's, a store by its only publisher.
  alignas(kLine) std::atomic<std::uint64_t> tail;

  // Read at every publish, written when a subscriber goes to sleep.
  alignas(kLine) std::atomic<std::uint64_t> waiters;  // a bit for each subscriber port that sleeps
  std::atomic<std::uint64_t> attention;               // Attention bits
};
static_assert(sizeof(TopicWords) == 2 * kLine && offsetof(TopicWords, waiters) == kLine);

// The control segment, `<topic>.ctl`:
//
//  0            1024   1152      1280         4096          20480           36864
//  +------------+------+---------+------------+-------------+---------------+--------+--------------+--------------+
//  | header     | tail | waiters,| bitmaps,   | 64 publisher| 64 subscriber | ring,  | block table, | 64 latency   |
//  |            |      |attention| block pool | ports       | ports         | free   | on a page    | histograms   |
//  +------------+------+---------+------------+-------------+---------------+--------+--------------+--------------+
//
// T1 The creator writes its fields before the segment is linked to its name, and never again.
// T2 A topic is valid if and only if every size and offset is the one that its geometry gives
// (topic/control_segment.hpp).
struct TopicHeader {
  // Written by the creator before the segment has a name (T1).
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t header_size;         // bytes, sizeof(TopicHeader)
  std::uint32_t compatible_flags;    // unknown ones may be ignored
  std::uint32_t incompatible_flags;  // unknown ones forbid use
  std::uint64_t bus;                 // incarnation of the bus
  std::uint64_t id;                  // incarnation of the topic, random
  std::uint64_t seed;                // of the block keys, random
  std::uint64_t control_size;        // bytes of this segment
  std::uint64_t log_size;            // bytes of the log segment
  std::uint64_t log_node;            // the creator's node; the log's name is `<topic>.log.<node>.<id>`
  std::int64_t created_ns;           // nanoseconds since 1970
  std::uint64_t block_size;          // bytes
  std::uint32_t blocks;              // in the ring, a power of two
  std::uint32_t physical_blocks;     // ring + spares
  std::uint32_t record_header;       // bytes before the payload (or trace extension)
  std::uint32_t alignment;           // of records and payloads
  std::uint32_t timestamps;          // 0 or 1
  std::uint32_t exclusive;           // 0 or 1
  std::uint32_t mode;                // of the log
  std::uint32_t options;             // TopicOption bits
  SharedText<128> name;

  // The topic's type. Its first publisher decides it: it wins `type_owner` by compare-and-swap from 0 or a dead node.
  // `type_hash` publishes the type, and never changes after that (topic/topic_type.cpp).
  std::atomic<std::uint64_t> type_owner;
  std::atomic<std::uint64_t> type_hash;  // 0: not decided; 1: raw bytes
  std::atomic<std::uint64_t> type_size;
  std::atomic<std::uint64_t> type_alignment;
  SharedText<128> type_name;
  std::atomic<std::uint64_t> type_layout;  // hash of its fields; 0: not recorded
  SharedText<512> type_fields;             // `name:type@offset+size;` for each

  alignas(1024) TopicWords words;

  // Slow paths only.
  alignas(kLine) std::atomic<std::uint64_t> publishers;  // a bit for each publisher port in use
  std::atomic<std::uint64_t> subscribers;                // a bit for each subscriber port in use
  std::atomic<std::uint64_t> gated;            // a bit for each publisher port that sleeps until the ring moves
  std::atomic<std::uint64_t> exclusive_owner;  // node of the exclusive publisher, by compare-and-swap; 0: none
  std::atomic<std::uint32_t> backed;           // physical blocks below this have memory; only grows
  std::atomic<std::uint32_t> free_hint;        // physical block that left the ring last
  std::atomic<std::uint64_t> dropped;          // blocks dropped early because memory was short
  std::atomic<std::uint64_t> repaired_claims;
  std::atomic<std::uint64_t> repaired_ports;
  std::atomic<std::uint64_t> opening;   // number of the block that a publisher has reserved memory for; a hint
  std::atomic<std::uint32_t> searched;  // physical block where the search for leaked ones continues; a hint
  std::atomic<std::uint32_t> reserves;  // 1: the ring's memory was reserved; written by the creator (T1)

  alignas(2048) ExtensionDirectory extensions;

  alignas(kPage) PublisherPort publisher_ports[kMaxPublishers];
  SubscriberPort subscriber_ports[kMaxSubscribers];
  // Then `blocks` ring words (RingEntry) and the map of free blocks (log/free_map.hpp); from the next page on the block
  // table (BlockEntry); from the next page on a LatencyHistogram for each subscriber port.
};
static_assert(sizeof(TopicHeader) == 36864);
static_assert(offsetof(TopicHeader, options) == 116);
static_assert(offsetof(TopicHeader, type_owner) == 248);
static_assert(offsetof(TopicHeader, type_layout) == 408);
static_assert(offsetof(TopicHeader, type_fields) == 416);
static_assert(offsetof(TopicHeader, words) == 1024);
static_assert(offsetof(TopicHeader, publishers) == 1280);
static_assert(offsetof(TopicHeader, opening) == 1344 && offsetof(TopicHeader, reserves) == 1356);
static_assert(offsetof(TopicHeader, extensions) == 2048);
static_assert(offsetof(TopicHeader, publisher_ports) == 4096);
static_assert(offsetof(TopicHeader, subscriber_ports) == 20480);

}  // namespace shmbus::layout
