#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

#include "shmbus/shmbus.hpp"
#include "storm/shared_array.hpp"
#include "support/forked_process.hpp"
#include "support/shared_value.hpp"
#include "support/storm_crew.hpp"

namespace group_storm {

using namespace std::chrono_literals;

/// A topic of the storm. Each has a group "g".
struct Kind {
  const char* name;
  shmbus::Order order;
  bool journaled;

  shmbus::TopicOptions topic() const {
    return {.block_size = 16384,
            .blocks = 4,
            .journal = journaled ? shmbus::Journal::page_cache() : shmbus::Journal::none(),
            .segment_file = 4 << 20};
  }
  /// A lease is short, and is extended by those that mean to keep it. The group is never abandoned.
  shmbus::GroupOptions group() const {
    return {.window = 1024,
            .lease = 100ms,
            .lease_most = 1h,
            .max_deliveries = 50,
            .backoff = {0ms, 2ms},
            .order = order,
            .start = shmbus::Start::oldest(),
            .abandon_after = 24h};
  }
};

inline constexpr unsigned kTopics = 4;
inline constexpr std::array<Kind, kTopics> kKinds{{{"any", shmbus::Order::any, false},
                                                   {"keyed", shmbus::Order::by_key, false},
                                                   {"any-disk", shmbus::Order::any, true},
                                                   {"keyed-disk", shmbus::Order::by_key, true}}};

inline constexpr unsigned kSeats = 48;
inline constexpr std::size_t kEvents = std::size_t{1} << 28;     ///< how many a topic may have
inline constexpr std::size_t kProcesses = std::size_t{1} << 20;  ///< how many a storm may start

using Word = std::atomic<std::uint64_t>;
using Byte = std::atomic<std::uint8_t>;

/// An event: its author, which is its key too, and the how manieth of its author's events it is.
struct Entry {
  std::uint64_t author = 0, counter = 0;
};

enum class Phase : unsigned {
  storm,    ///< all processes work
  closing,  ///< authors leave, and members when there is nothing left to take
  ended,    ///< readers of dead letters leave when they have all
};

struct Board {
  std::atomic<Phase> phase;
  struct Seat {
    Word beat;                       ///< when the process last made progress, steady ns
    std::atomic<const char*> doing;  ///< what it was about to do then
  };
  std::array<Seat, kSeats> seats;
  std::array<std::atomic<std::int64_t>, kTopics> ahead;  ///< about how many events are published and not handled
  Word published, acknowledged, again, given_back, rejected, expired, letters;
};

/// What is known of the events of one topic, by sequence; of its keys, by author.
struct Ledger {
  storm::SharedArray<Byte> published{kEvents};  ///< a publish of it returned
  storm::SharedArray<Byte> begun{kEvents};      ///< its acknowledgement was begun
  storm::SharedArray<Byte> settled{kEvents};    ///< how many acknowledgements of it returned `ok`
  storm::SharedArray<Byte> letters{kEvents};    ///< how many dead letters it has
  storm::SharedArray<Word> holder{kEvents};     ///< process that holds it for certain; 0: nobody
  storm::SharedArray<Word> key_holder{kProcesses};
  storm::SharedArray<Word> key_settled{kProcesses};  ///< counter of the last event of the author that was noted
};

struct Books {
  test::SharedValue<Board> board;
  std::array<Ledger, kTopics> ledgers;
  storm::SharedArray<Byte> doomed{kProcesses};  ///< the process is killed, or about to be
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
  unsigned seat = 0;
  std::uint64_t self = 0;  ///< number of the process, never used twice
  std::uint64_t seed = 0;

  Board& board() const { return *books->board; }
  Ledger& ledger() const { return books->ledgers[topic]; }
  const Kind& kind() const { return kKinds[topic]; }
  Phase phase() const { return board().phase.load(std::memory_order_acquire); }
  bool storming() const { return phase() == Phase::storm; }
  shmbus::Bus open() const { return shmbus::Bus::open(bus, {.stall_limit = 50ms, .journals = journals}); }
  void step(const char* doing) const {
    board().seats[seat].doing.store(doing, std::memory_order_relaxed);
    board().seats[seat].beat.store(steady_ns(), std::memory_order_relaxed);
  }
};

using Act = void (*)(const Stage&, const test::Parent&);

// What processes do, until they are killed or the storm is over.
void set_up(const Stage&, const test::Parent&);
void publish(const Stage&, const test::Parent&);
void take(const Stage&, const test::Parent&);
void handle(const Stage&, const test::Parent&);
/// Notes the dead letters of a topic.
void read_dead_letters(const Stage&, const test::Parent&);
/// After all others have left: balances the books.
void balance(const Stage&, const test::Parent&);

}  // namespace group_storm
