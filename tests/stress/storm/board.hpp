#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "storm/shared_array.hpp"
#include "storm/audit_trail.hpp"
#include "support/shared_value.hpp"

namespace storm {

/// The first two are audited. An auditor is reliable, so the ring never moves on past a claim that it waits for: the
/// third topic has none, and open claims of the stopped are lapped there. A fourth kind, "new.*", comes and goes.
inline constexpr std::array<const char*, 3> kTopics{"shared", "exclusive", "wild"};
inline constexpr unsigned kShared = 0, kExclusive = 1, kWild = 2;
inline constexpr unsigned kAudited = 2;

inline constexpr unsigned kSeats = 64;
inline constexpr std::size_t kProcesses = std::size_t{1} << 20;  ///< that a storm may start

enum class Phase : unsigned {
  storm,    ///< all at work
  calm,     ///< whoever publishes leaves
  closing,  ///< the last event is out; readers leave when they have it
};

using Word = std::atomic<std::uint64_t>;

inline void add(Word& to, std::uint64_t n) { to.fetch_add(n, std::memory_order_relaxed); }
inline void raise_to(Word& to, std::uint64_t value) {
  std::uint64_t now = to.load(std::memory_order_relaxed);
  while (now < value && !to.compare_exchange_weak(now, value, std::memory_order_relaxed)) {
  }
}

/// Of a place for a process, which another takes when that one was killed.
struct Seat {
  Word beat;                              ///< when the process last got on, monotonic ns
  std::atomic<const char*> doing;         ///< what it was about to do then: a literal
  Word seen, lost, audited, uncommitted;  ///< the closed ledger of a survivor
};

struct TopicFigures {
  Word events;       ///< that the auditor saw; of the wild topic, the newest sequence that anybody saw
  Word uncommitted;  ///< sequences at which it saw none
  // A claim is left uncommitted by an abort, or by a death: `aborted` <= uncommitted <= `aborts` + `deaths`.
  Word aborts;   ///< begun
  Word aborted;  ///< done
  Word deaths;   ///< of publishers
  Word repaired_claims, repaired_ports, blocks;
};

struct Board {
  std::atomic<Phase> phase;
  std::array<Seat, kSeats> seats;
  std::array<TopicFigures, kTopics.size()> topics;
  std::array<Word, kSeats> created;  ///< by seat: number of the topic that its creator is at
  std::array<Word, kSeats> heard;    ///< by seat: number of the topic that the standing subscriber had to its end
  Word new_topics;                   ///< heard to their ends
  Word ledgers, seen, lost, stepped_over, excess;  ///< of all closed ledgers
  Word wild_seen, wild_lost;                     ///< of those who read the wild topic to its end
  Word attaches, retained, receipts;
  Word held_publisher, held_lossy, held_reliable;  ///< longest time a process nobody harmed did not get on, ns
};

/// All that the processes of a storm share.
struct Shared {
  test::SharedValue<Board> board;
  std::array<AuditTrail, kAudited> audit_trails;
  /// By number of the publishing process: how many publishes returned ok, twice, and 1 once it left in good order.
  SharedArray<Word> published{kProcesses};
};

}  // namespace storm
