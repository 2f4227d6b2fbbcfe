#pragma once

#include <chrono>
#include <cstdint>

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

/// Whether a topic's events are also written to disk, and when they are synced. Publishing costs the same with each: a
/// process that uses the topic writes behind the publishers (see `BusOptions::record`).
class Journal {
 public:
  enum class Kind : std::uint8_t { none, page_cache, interval, batch };

  /// Events live in memory alone.
  static constexpr Journal none() noexcept { return {Kind::none, {}}; }
  /// Written at once, never synced: survives the death of all processes, but not the crash of the machine. `durable`
  /// then means written.
  static constexpr Journal page_cache() noexcept { return {Kind::page_cache, {}}; }
  /// Synced once per `period`, 1 ms to 1 h: the crash of the machine takes at most the events of that time.
  static constexpr Journal interval(std::chrono::nanoseconds period) noexcept { return {Kind::interval, period}; }
  /// Each write is followed by a sync; what is published meanwhile forms the next write.
  static constexpr Journal batch() noexcept { return {Kind::batch, {}}; }

  constexpr Kind kind() const noexcept { return kind_; }
  /// The period of `interval`; 0 for the others.
  constexpr std::chrono::nanoseconds period() const noexcept { return period_; }
  friend constexpr bool operator==(const Journal&, const Journal&) = default;

 private:
  constexpr Journal(Kind kind, std::chrono::nanoseconds period) noexcept : kind_(kind), period_(period) {}
  Kind kind_;
  std::chrono::nanoseconds period_;
};

/// What a journal keeps. The oldest segment files go, whole, when they are over `bytes` or older than `age`; the newest
/// one always stays.
struct Retention {
  std::uint64_t bytes = 0;          ///< of all segment files; 0: no limit
  std::chrono::nanoseconds age{0};  ///< of a file's newest event; 0: no limit
  bool acknowledged = false;  ///< nothing goes that a durable subscription has not acknowledged, or a group not settled
  friend bool operator==(const Retention&, const Retention&) = default;
};

/// What happens when the disk can't keep up, so that the ring is full of events that are not recorded.
enum class WhenBehind : std::uint8_t {
  hold,  ///< publishers wait, as for a reliable subscriber; see TopicOptions::unrecorded_limit
  skip,  ///< publishers go on; what leaves the ring is missing in the journal, which notes its numbers
};

/// How a process takes part in recording. One process at a time records a topic; when it ends or dies, another one that
/// may takes over.
enum class Record : std::uint8_t {
  none,  ///< it never records
  own,   ///< the topics that it created or publishes to
  all,   ///< all topics of the bus: for a process whose purpose that is
};

/// What happens to the journals of what is removed.
enum class Journals : std::uint8_t {
  keep,   ///< they are closed, and stay on disk
  erase,  ///< they go, with all their events
};

/// How far a topic's journal is.
struct JournalProgress {
  std::uint64_t recorded = 0;  ///< sequence up to which events are written; 0: none
  std::uint64_t durable = 0;   ///< sequence up to which they are as safe as the topic's Journal makes them; 0: none
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
