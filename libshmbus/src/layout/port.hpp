#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "layout/constants.hpp"
#include "layout/shared_text.hpp"
#include "shmbus/detail/subscriber_words.hpp"

namespace shmbus::layout {

// An owner word holds a node id, and three flags in the top bits. kRepairing: this node fills or repairs the port.
// kPlaced: a topic's creator placed the port for this node, and the node has not adopted it yet. kHeld: this node's use
// of the port has ended, and the port is kept for the next holder of its name. A port without these flags is taken by
// its own node alone.
inline constexpr std::uint64_t kRepairing = std::uint64_t{1} << 63;
inline constexpr std::uint64_t kPlaced = std::uint64_t{1} << 62;
inline constexpr std::uint64_t kHeld = std::uint64_t{1} << 61;
constexpr std::uint64_t owner_node(std::uint64_t owner) noexcept { return owner & ~(kRepairing | kPlaced | kHeld); }

// `held_since` is the time since when a subscriber holds publishers back, in monotonic nanoseconds with the low bit
// cleared; 0: it does not. The low bit is set when the clock was read again after the mark was set, and the mark was
// not late. Only then does the time count against the subscriber.
inline constexpr std::uint64_t kHoldConfirmed = 1;

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

//  0     8     16          24      32      40              48           128    136    144
//  +-----+-----+-----------+-------+-------+---------------+------------+------+------+------------------+
//  |where|what | published | bytes | waits | waiting since | (reserved) |owner | bell | (reserved)       |
//  +-----+-----+-----------+-------+-------+---------------+------------+------+------+------------------+
struct PublisherPort {
  alignas(kLine) PublisherWords words;
  // For monitors alone, like `published` and `bytes`.
  std::atomic<std::uint64_t> waits;          // times it had to wait for a reliable subscriber
  std::atomic<std::uint64_t> waiting_since;  // start of that wait, monotonic ns; 0: it does not wait

  alignas(kLine) std::atomic<std::uint64_t> owner;  // 0: free; every change is a compare-and-swap
  std::atomic<std::uint64_t> bell;  // number of the owner's bell (kFirstSubscriptionBell); written by the owner
};
static_assert(sizeof(PublisherPort) == 2 * kLine);
static_assert(offsetof(PublisherPort, waiting_since) == 40);
static_assert(offsetof(PublisherPort, owner) == 128);

//  0     8          16     24          32       40          48             56            64            128
//  +-----+----------+------+-----------+--------+-----------+--------------+-------------+-------------+
//  | pin | position | lost | delivered | lapped | wake-ups  | handler errs | mismatched  | retained[8] |
//  +-----+----------+------+-----------+--------+-----------+--------------+-------------+-------------+
//  128    136          144       152           160         168   176          184        192           256
//  +------+------------+---------+-------------+-----------+-----+------------+----------+-------------+
//  |owner |subscription| mode    | demote after| held since|bell | latency    | hold for | name        |
//  +------+------------+---------+-------------+-----------+-----+------------+----------+-------------+
struct SubscriberPort {
  // Written only by the subscriber that owns the port (`retained`: by any of its threads). Cleared by the process that
  // repairs the port.
  alignas(kLine) SubscriberWords words;
  std::atomic<std::uint64_t> lapped;                  // times that its next block had left the ring
  std::atomic<std::uint64_t> wakeups;                 // times that it slept
  std::atomic<std::uint64_t> handler_errors;          // handler calls that threw
  std::atomic<std::uint64_t> mismatched;              // events that were not of the type a typed subscriber reads
  std::atomic<std::uint64_t> retained[kRetainSlots];  // numbers of blocks that retained events lie in, or kNone

  alignas(kLine) std::atomic<std::uint64_t> owner;  // 0: free; every change is a compare-and-swap
  std::atomic<std::uint64_t> subscription;          // its standing subscription; written by the winner of `owner`
  std::atomic<std::uint64_t> mode;          // subscription * 2 + (reliable ? 1 : 0); demoted by compare-and-swap
  std::atomic<std::uint64_t> demote_after;  // nanoseconds, 0: never; written by the winner of `owner`
  std::atomic<std::uint64_t> held_since;    // since when it holds publishers back (kHoldConfirmed), by
                                            // compare-and-swap; cleared by the subscriber when it moves on
  std::atomic<std::uint64_t> bell;          // number of its subscription's bell (kFirstSubscriptionBell)
  std::atomic<std::uint64_t> latency;       // 1: its LatencyHistogram has memory; written by the subscriber
  std::atomic<std::uint64_t> hold_for;      // nanoseconds that it holds publishers back after its owner's end; 0: not
                                            // at all; written by the winner of `owner`
  SharedText<64> name;                      // written by the winner of `owner`
};
static_assert(sizeof(SubscriberPort) == 2 * kLine);
static_assert(offsetof(SubscriberPort, retained) == 64);
static_assert(offsetof(SubscriberPort, owner) == 128);
static_assert(offsetof(SubscriberPort, hold_for) == 184);
static_assert(offsetof(SubscriberPort, name) == 192);

/// A subscription's id is never used twice, so a compare-and-swap from the mode of the port's former tenant can't
/// succeed.
constexpr std::uint64_t port_mode(std::uint64_t subscription, bool reliable) noexcept {
  return subscription << 1 | (reliable ? 1 : 0);
}

}  // namespace shmbus::layout
