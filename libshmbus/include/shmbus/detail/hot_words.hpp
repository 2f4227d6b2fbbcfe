#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "shmbus/detail/header_begin.hpp"

// The shared words that the inlined paths of publish and poll access, one struct for each place. The layout of the
// segments (src/layout) contains these structs.
namespace shmbus::layout {

/// Two cache lines: adjacent-line prefetch makes a pair the unit of false sharing.
inline constexpr std::size_t kLine = 128;

/// Not a block number, and not a tail word: a pin or claim with this value protects nothing.
inline constexpr std::uint64_t kNone = ~std::uint64_t{0};

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

//  0       8      16          24
//  +-------+------+-----------+-------+
//  | where | what | published | bytes |
//  +-------+------+-----------+-------+
struct PublisherWords {
  // The claim. Written only by the publisher that owns the port; cleared by the process that repairs it.
  std::atomic<std::uint64_t> where;  // tail value claimed at, or kNone
  std::atomic<std::uint64_t> what;   // ClaimWord

  // For monitors alone; written only by the publisher that owns the port. A shared publisher counts its events and the
  // bytes of their payloads. An exclusive one writes once, when it attaches, how many events and bytes its topic had.
  std::atomic<std::uint64_t> published;
  std::atomic<std::uint64_t> bytes;
};
static_assert(sizeof(PublisherWords) == 32);

//  0     8          16     24
//  +-----+----------+------+-----------+
//  | pin | position | lost | delivered |
//  +-----+----------+------+-----------+
struct SubscriberWords {
  // Written only by the subscriber that owns the port; cleared by the process that repairs it.
  std::atomic<std::uint64_t> pin;        // number of the block it is inside, or enters next; kNone: none
  std::atomic<std::uint64_t> position;   // sequence it reads next
  std::atomic<std::uint64_t> lost;       // sequences skipped unread
  std::atomic<std::uint64_t> delivered;  // events handed out
};
static_assert(sizeof(SubscriberWords) == 32);

}  // namespace shmbus::layout

#include "shmbus/detail/header_end.hpp"
