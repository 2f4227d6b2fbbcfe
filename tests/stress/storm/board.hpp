#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "storm/shared_array.hpp"
#include "storm/audit_trail.hpp"
#include "support/shared_value.hpp"

namespace storm {

/// The first two topics are audited. An auditor is reliable, so the ring never moves past a claim that it waits for. The
/// third topic has no auditor, so that open claims of stopped publishers are lapped there. Topics of a fourth kind, "new.*",
/// are created and removed all the time.
inline constexpr std::array<const char*, 3> kTopics{"shared", "exclusive", "wild"};
inline constexpr unsigned kShared = 0, kExclusive = 1, kWild = 2;
inline constexpr unsigned kAudited = 2;

inline constexpr unsigned kSeats = 64;
inline constexpr std::size_t kProcesses = std::size_t{1} << 20;  ///< how many a storm may start

enum class Phase : unsigned {
  storm,    ///< all processes work
  calm,     ///< publishers leave
  closing,  ///< the last event is published; readers leave when they have it
};

using Word = std::atomic<std::uint64_t>;

inline void add(Word& to, std::uint64_t n) { to.fetch_add(n, std::memory_order_relaxed); }
inline void raise_to(Word& to, std::uint64_t value) {
  std::uint64_t now = to.load(std::memory_order_relaxed);
  while (now < value && !to.compare_exchange_weak(now, value, std::memory_order_relaxed)) {
  }
}

/// What is known of a seat: a place for a process. When the process is killed, another one takes the seat.
struct Seat {
  Word beat;                              ///< when the process last made progress, monotonic ns
  std::atomic<const char*> doing;         ///< what it was about to do then, as a string literal
  Word seen, lost, audited, uncommitted;  ///< the closed ledger of a survivor
};

struct TopicFigures {
  Word events;       ///< how many the auditor saw; of the wild topic, the newest sequence that any reader saw
  Word uncommitted;  ///< sequences at which the auditor saw no event
  // A claim is left uncommitted by an abort, or by a death: `aborted` <= uncommitted <= `aborts` + `deaths`.
  Word aborts;   ///< aborts that were begun
  Word aborted;  ///< aborts that were completed
  Word deaths;   ///< of publishers
  Word repaired_claims, repaired_ports, blocks;
};

struct Board {
  std::atomic<Phase> phase;
  std::array<Seat, kSeats> seats;
  std::array<TopicFigures, kTopics.size()> topics;
  std::array<Word, kSeats> created;  ///< by seat: number of the topic that its creator is working on
  std::array<Word, kSeats> heard;    ///< by seat: number of the latest topic that the standing subscriber has read to its end
  Word new_topics;                   ///< topics that were read to their ends
  Word ledgers, seen, lost, stepped_over, excess;  ///< sums of all closed ledgers
  Word wild_seen, wild_lost;                     ///< of the readers that read the wild topic to its end
  Word attaches, retained, receipts;
  Word held_publisher, held_lossy, held_reliable;  ///< longest time an unharmed process made no progress, ns
};

/// All that the processes of a storm share.
struct Shared {
  test::SharedValue<Board> board;
  std::array<AuditTrail, kAudited> audit_trails;
  /// By number of the publishing process: how many publishes returned ok, stored twice, and 1 once it left in order.
  SharedArray<Word> published{kProcesses};
};

}  // namespace storm
