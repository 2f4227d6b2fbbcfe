#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "layout/constants.hpp"
#include "layout/port.hpp"

namespace shmbus::layout {

/// The extension of a journaled topic's control segment.
inline constexpr std::uint32_t kJournalExtension = 1;
/// The incompatible flag of such a topic: a publisher that does not know the gate below would overwrite events that are
/// not recorded.
inline constexpr std::uint32_t kJournaled = 1;

enum class JournalSync : std::uint32_t {
  page_cache = 1,  ///< written at once, never synced
  interval = 2,    ///< synced every `interval_ns`
  batch = 3,       ///< each write is followed by a sync
};

enum class RecorderState : std::uint64_t {
  none = 0,  ///< no process records
  recording = 1,
  failed = 2,     ///< a write or sync failed; it begins a new file after a pause
  low_space = 3,  ///< the file system has too little free space; it tries again after a pause
};

//  0                               128                                   256          384
//  +-------------------------------+-------------------------------------+------------+----------------+
//  | what the creator chose        | recorded, durable, missing end, end | bells      | recorder's own |
//  +-------------------------------+-------------------------------------+------------+----------------+
//  512    768
//  +------+------------+
//  | gate | (reserved) | 4096
//  +------+--------+------------+
struct JournalWords {
  // Written by the creator before the segment has a name.
  std::uint64_t first_sequence;  // of the first event in this memory; earlier ones are in the journal, or never were
  JournalSync sync;
  std::uint32_t
      skip_when_behind;       // 1: the topic goes on without the journal while the disk is behind; 0: publishers wait
  std::uint64_t interval_ns;  // between two syncs (JournalSync::interval)
  std::uint64_t unrecorded_limit_ns;  // how long publishers wait for a process that records
  std::uint64_t retain_bytes;         // 0: no limit
  std::uint64_t retain_age_ns;        // 0: no limit
  std::uint64_t file_bytes;           // of a segment file
  std::uint32_t retain_acknowledged;  // 1: nothing is removed that a durable subscription has not acknowledged
  std::uint32_t reserved;

  // Watermarks. Written by the recorder, which holds the lock of the journal; they only grow.
  alignas(kLine) std::atomic<std::uint64_t> recorded;  // all events up to this one are written, missing ones excepted
  std::atomic<std::uint64_t> durable;                  // ... and as safe as `sync` makes them
  std::atomic<std::uint64_t> missing_end;              // last number of the last missing stretch; 0: there is none
  std::atomic<std::uint64_t> numbers_end;              // numbers from this one on are not reserved on disk
  std::atomic<std::uint64_t> distrusted;  // seed of the segment file whose sync failed last: what it holds above
                                          // `durable` does not count, though the page cache shows it; 0: none failed

  // Sleepers.
  alignas(kLine) std::atomic<std::uint32_t> bell;  // futex word of those who wait until `durable` moves, or never will
  std::atomic<std::uint32_t> waiting;              // threads that sleep there; a hint, since the dead are counted, too
  std::atomic<std::uint64_t> waiters;              // a bit for each subscriber port that sleeps until `durable` moves
  std::atomic<std::uint64_t> recorder_bell;        // number of the bell at which the recorder sleeps

  // Written by the recorder; for monitors alone, except the first two.
  alignas(kLine) std::atomic<std::uint64_t> recorder;  // node; 0: none
  std::atomic<std::uint64_t> state;                    // RecorderState
  std::atomic<std::uint64_t> error;                    // errno of the last failure; 0: there was none
  std::atomic<std::uint64_t> failures;                 // writes and syncs that failed
  std::atomic<std::uint64_t> frames, bytes;            // written since this memory was made
  std::atomic<std::uint64_t> syncs, sync_ns, longest_sync_ns;
  std::atomic<std::uint64_t> missing;             // numbers of events that left the ring unrecorded
  std::atomic<std::uint64_t> files, files_bytes;  // of the whole journal
  std::atomic<std::uint64_t> first_held;          // sequence of the oldest event in it; 0: none
  std::atomic<std::uint64_t> free_bytes;          // of its file system
  std::atomic<std::uint64_t> hand_overs;          // times that a process began to record

  // Its pin is the first block that is not recorded; while `mode` is odd, no publisher opens a block that would push it
  // out. It belongs to the topic: it holds whoever records, also while nobody does. log/journal_gate.hpp
  alignas(2 * kLine) SubscriberPort gate;

  std::byte reserved2[kPage - 6 * kLine];
};
static_assert(sizeof(JournalWords) == kPage);
static_assert(offsetof(JournalWords, retain_acknowledged) == 56);
static_assert(offsetof(JournalWords, recorded) == 128 && offsetof(JournalWords, numbers_end) == 152);
static_assert(offsetof(JournalWords, distrusted) == 160);
static_assert(offsetof(JournalWords, bell) == 256 && offsetof(JournalWords, waiters) == 264);
static_assert(offsetof(JournalWords, recorder) == 384 && offsetof(JournalWords, hand_overs) == 496);
static_assert(offsetof(JournalWords, gate) == 512);

}  // namespace shmbus::layout
