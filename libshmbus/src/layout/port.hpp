#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "layout/constants.hpp"
#include "layout/shared_text.hpp"

namespace shmbus::layout {

// An owner word: the node id, and in the top bits whether that node fills or repairs the port, or whether the port was
// placed for it by a topic's creator and waits to be adopted. Only its own node takes a port that is neither.
inline constexpr std::uint64_t kRepairing = std::uint64_t{1} << 63;
inline constexpr std::uint64_t kPlaced = std::uint64_t{1} << 62;
constexpr std::uint64_t owner_node(std::uint64_t owner) noexcept { return owner & ~(kRepairing | kPlaced); }

// `held_since`: monotonic nanoseconds with the low bit cleared, since when a subscriber holds publishers back; 0: it
// does not. The low bit says that the clock was read again after the mark was set, and that the mark was not late: only
// then does the time count against the subscriber.
inline constexpr std::uint64_t kHoldConfirmed = 1;

//  0     8     16          24      32      40              48           128    136    144
//  +-----+-----+-----------+-------+-------+---------------+------------+------+------+------------------+
//  |where|what | published | bytes | waits | waiting since | (reserved) |owner | bell | (reserved)       |
//  +-----+-----+-----------+-------+-------+---------------+------------+------+------+------------------+
struct PublisherPort {
  alignas(kLine) PublisherWords words;
  // For the monitor alone, as `published` and `bytes`.
  std::atomic<std::uint64_t> waits;          // times it had to wait for a reliable subscriber
  std::atomic<std::uint64_t> waiting_since;  // monotonic ns since it waits so; 0: it does not

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
//  |owner |subscription| mode    | demote after| held since|bell | latency    |(reserved)| name        |
//  +------+------------+---------+-------------+-----------+-----+------------+----------+-------------+
struct SubscriberPort {
  // Written only by the subscriber that owns the port (retained: on any of its threads); cleared by the process that
  // repairs it.
  alignas(kLine) SubscriberWords words;
  std::atomic<std::uint64_t> lapped;                  // times its next block had left the ring
  std::atomic<std::uint64_t> wakeups;                 // times it slept
  std::atomic<std::uint64_t> handler_errors;          // handler calls that threw
  std::atomic<std::uint64_t> mismatched;              // events that were not of the type a typed subscriber reads
  std::atomic<std::uint64_t> retained[kRetainSlots];  // numbers of blocks that retained events lie in, or kNone

  alignas(kLine) std::atomic<std::uint64_t> owner;  // 0: free; every change is a compare-and-swap
  std::atomic<std::uint64_t> subscription;  // the standing subscription it belongs to; written by who wins owner
  std::atomic<std::uint64_t> mode;          // subscription * 2 + (reliable ? 1 : 0); demoted by compare-and-swap
  std::atomic<std::uint64_t> demote_after;  // nanoseconds, 0: never; written by who wins owner
  std::atomic<std::uint64_t> held_since;    // since when it holds publishers back (kHoldConfirmed), by
                                            // compare-and-swap; cleared by the subscriber when it moves on
  std::atomic<std::uint64_t> bell;          // number of its subscription's bell (kFirstSubscriptionBell)
  std::atomic<std::uint64_t> latency;       // 1: its LatencyHistogram has memory; written by the subscriber
  std::uint64_t reserved2;
  SharedText<64> name;  // written by who wins owner
};
static_assert(sizeof(SubscriberPort) == 2 * kLine);
static_assert(offsetof(SubscriberPort, retained) == 64);
static_assert(offsetof(SubscriberPort, owner) == 128);
static_assert(offsetof(SubscriberPort, name) == 192);

/// The subscription's id is never given twice: a compare-and-swap from a former tenant's mode can't succeed.
constexpr std::uint64_t port_mode(std::uint64_t subscription, bool reliable) noexcept {
  return subscription << 1 | (reliable ? 1 : 0);
}

}  // namespace shmbus::layout
