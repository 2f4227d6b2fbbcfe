#pragma once

#include <chrono>
#include <string>

#include "shmbus/options.hpp"
#include "storm/board.hpp"
#include "support/forked_process.hpp"
#include "support/storm_crew.hpp"

namespace storm {

inline constexpr std::chrono::milliseconds kStallLimit{50};

/// Small blocks and a short ring: rotation, reuse and lapping happen all the time.
inline shmbus::TopicOptions topic_options(unsigned topic) {
  return {.block_size = 16384,
          .blocks = 8,
          .writers = topic == kExclusive ? shmbus::Writers::exclusive : shmbus::Writers::shared};
}

inline std::uint64_t monotonic_ns() {
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

using test::below;
using test::chance;
using test::Random;

/// What one process of the storm knows.
struct Stage {
  std::string bus;
  Shared* shared = nullptr;
  unsigned topic = kShared;
  unsigned seat = 0;
  std::uint64_t self = 0;  ///< number of the process, never used twice
  std::uint64_t seed = 0;
  bool unharmed = false;  ///< it is never stopped or killed, so its delays are measured
  bool survives = false;  ///< it is never killed, so its ledger is kept

  Board& board() const { return *shared->board; }
  const AuditTrail& audit_trail() const { return shared->audit_trails[topic]; }
  TopicFigures& figures() const { return board().topics[topic]; }
  const char* topic_name() const { return kTopics[topic]; }
  Phase phase() const { return board().phase.load(std::memory_order_acquire); }

  // For the watchdog: what the process is about to do, and that it made progress.
  void at(const char* doing) const { board().seats[seat].doing.store(doing, std::memory_order_relaxed); }
  void beat() const { board().seats[seat].beat.store(monotonic_ns(), std::memory_order_relaxed); }
  void step(const char* doing) const {
    at(doing);
    beat();
  }
};

using Act = void (*)(const Stage&, const test::Parent&);

// What processes do, until they are killed or the storm is over.
void audit(const Stage&, const test::Parent&);
void publish(const Stage&, const test::Parent&);
void publish_exclusively(const Stage&, const test::Parent&);
void read_lossy(const Stage&, const test::Parent&);
void read_reliably(const Stage&, const test::Parent&);
void read_politely(const Stage&, const test::Parent&);
void read_by_descriptor(const Stage&, const test::Parent&);
void read_and_retain(const Stage&, const test::Parent&);
void read_slowly(const Stage&, const test::Parent&);
void read_as_any(const Stage&, const test::Parent&);
void come_and_go(const Stage&, const test::Parent&);
void dispatch(const Stage&, const test::Parent&);
void read_wildly(const Stage&, const test::Parent&);
void create_topics(const Stage&, const test::Parent&);
void listen_to_new_topics(const Stage&, const test::Parent&);
void reap_and_look(const Stage&, const test::Parent&);

/// Publishes the last event of each topic.
void publish_last(const Stage&, const test::Parent&);

}  // namespace storm
