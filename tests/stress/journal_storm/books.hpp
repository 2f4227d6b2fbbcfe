#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

#include "shmbus/options.hpp"
#include "storm/shared_array.hpp"
#include "support/forked_process.hpp"
#include "support/shared_value.hpp"
#include "support/storm_crew.hpp"

namespace journal_storm {

using namespace std::chrono_literals;

/// A journaled topic of the storm.
struct Kind {
  const char* name;
  shmbus::TopicOptions options;
  bool may_miss = false;   ///< events may leave the ring unrecorded; the journal names them
  bool forgets = false;    ///< files go when they are acknowledged
  bool exclusive = false;  ///< one publisher at a time
};

inline constexpr unsigned kTopics = 5, kHold = 0, kSynced = 1, kSole = 2, kSkip = 3, kKept = 4;

/// Small rings: a recorder that was killed or stopped finds publishers waiting, and readers are lapped all the time.
inline const std::array<Kind, kTopics>& topics() {
  using shmbus::Journal;
  static const std::array<Kind, kTopics> all{{
      {.name = "hold", .options = {.block_size = 4096, .blocks = 4, .journal = Journal::page_cache()}},
      {.name = "synced", .options = {.block_size = 4096, .blocks = 4, .journal = Journal::batch()}},
      {.name = "sole",
       .options = {.block_size = 4096,
                   .blocks = 4,
                   .writers = shmbus::Writers::exclusive,
                   .journal = Journal::interval(3ms),
                   .segment_file = 4 << 20},
       .exclusive = true},
      {.name = "skip",
       .options = {.block_size = 4096,
                   .blocks = 4,
                   .journal = Journal::page_cache(),
                   .when_behind = shmbus::WhenBehind::skip,
                   .segment_file = 4 << 20},
       .may_miss = true},
      {.name = "kept",
       .options = {.block_size = 4096,
                   .blocks = 4,
                   .journal = Journal::page_cache(),
                   .retain = {.bytes = 2 << 20, .acknowledged = true},
                   .segment_file = 1 << 20},
       .forgets = true},
  }};
  return all;
}

/// A durable subscription: `name` on one topic.
struct Name {
  const char* name;
  unsigned topic;
  bool workers;  ///< handlers on threads acknowledge; otherwise by hand
};
inline constexpr std::array<Name, 7> kNames{{{"f-hold", kHold, false},
                                             {"f-synced", kSynced, false},
                                             {"f-sole", kSole, false},
                                             {"f-skip", kSkip, false},
                                             {"f-kept", kKept, false},
                                             {"h-hold", kHold, true},
                                             {"h-kept", kKept, true}}};

/// Longer than any process is stopped: a lossy subscriber steps over the open claim of a publisher that is stopped for longer,
/// and counts it as lost, also where the publisher commits it later and the journal gets it.
inline constexpr auto kStallLimit = 5s;

inline constexpr unsigned kSeats = 64;
inline constexpr std::size_t kEvents = std::size_t{1} << 28;  ///< how many a topic may have

using Word = std::atomic<std::uint64_t>;

/// What an author writes into an event, and into its book: who it is, and the how manieth of its events this is.
struct Entry {
  static constexpr unsigned kCounterBits = 40;
  static constexpr std::uint64_t kDurable = std::uint64_t{1} << 63;  ///< in the book: it was reported durable

  std::uint64_t author = 0, counter = 0;

  static Entry of(std::uint64_t word) {
    return {(word & ~kDurable) >> kCounterBits, word & ((std::uint64_t{1} << kCounterBits) - 1)};
  }
  std::uint64_t word() const { return author << kCounterBits | counter; }
};

enum class Phase : unsigned {
  storm,    ///< all processes work
  calm,     ///< authors and recorders leave
  closing,  ///< the last events are published; readers leave when they have them
};

/// What is known of a place for a process.
struct Seat {
  Word beat;                       ///< when the process last made progress, steady ns
  std::atomic<const char*> doing;  ///< what it was about to do then
};

struct Board {
  std::atomic<Phase> phase;
  std::array<Seat, kSeats> seats;
  std::array<Word, kTopics> end;                            ///< sequence of the last event, in Phase::closing
  std::array<Word, kTopics> read;                           ///< events that a reader which lived throughout has seen
  std::array<Word, kNames.size()> acknowledged;             ///< by hand, the last sequence for which that returned
  std::array<std::atomic<bool>, kNames.size()> to_the_end;  ///< its holder saw the last event, and left
  Word published, durable_waits, handed_out, again, take_overs, seen_durable;
};

/// All that the processes of a storm share. A publisher enters what it published as soon as it knows its sequence.
struct Books {
  test::SharedValue<Board> board;
  std::array<storm::SharedArray<Word>, kTopics> published{
      storm::SharedArray<Word>{kEvents}, storm::SharedArray<Word>{kEvents}, storm::SharedArray<Word>{kEvents},
      storm::SharedArray<Word>{kEvents}, storm::SharedArray<Word>{kEvents}};
  /// By name and sequence: how often it was handed out.
  using Times = storm::SharedArray<std::atomic<std::uint8_t>>;
  std::array<Times, kNames.size()> handed_out{Times{kEvents}, Times{kEvents}, Times{kEvents}, Times{kEvents},
                                              Times{kEvents}, Times{kEvents}, Times{kEvents}};
};

using test::below;
using test::chance;
using test::Random;

inline std::uint64_t steady_ns() {
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

/// What one process of the storm knows.
struct Stage {
  std::string bus;
  std::string journals;
  Books* books = nullptr;
  unsigned topic = 0;
  unsigned name = 0;  ///< of kNames
  unsigned seat = 0;
  std::uint64_t self = 0;  ///< number of the process, never used twice
  std::uint64_t seed = 0;

  Board& board() const { return *books->board; }
  const Kind& kind() const { return topics()[topic]; }
  Phase phase() const { return board().phase.load(std::memory_order_acquire); }
  shmbus::BusOptions options(shmbus::Record record) const {
    return {.stall_limit = kStallLimit, .journals = journals, .record = record};
  }
  void step(const char* doing) const {
    board().seats[seat].doing.store(doing, std::memory_order_relaxed);
    board().seats[seat].beat.store(steady_ns(), std::memory_order_relaxed);
  }
};

using Act = void (*)(const Stage&, const test::Parent&);

// What processes do, until they are killed or the storm is over.
void set_up(const Stage&, const test::Parent&);
void publish(const Stage&, const test::Parent&);
void record(const Stage&, const test::Parent&);
void follow(const Stage&, const test::Parent&);
void handle(const Stage&, const test::Parent&);
void lag_behind(const Stage&, const test::Parent&);
void see_durable(const Stage&, const test::Parent&);
void publish_last(const Stage&, const test::Parent&);
/// After all others have left: balances the books, and prints figures.
void balance(const Stage&, const test::Parent&);

}  // namespace journal_storm
