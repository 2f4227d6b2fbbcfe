#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "log/block_log.hpp"
#include "log/latency_sampling.hpp"
#include "log/record_path.hpp"
#include "shmbus/detail/poll_path.hpp"
#include "shmbus/options.hpp"
#include "shmbus/status.hpp"

namespace shmbus::log {

/// Reads one log through one subscriber port. One thread at a time.
///
/// P1 The reader's block is pinned: its number is in the port, and was stored before the ring was found to hold the
///    block.
/// P2 The pin only moves up, and only after everything in the block was read.
/// P3 `next_sequence_` is the sequence of the record at the cursor. Where a block's first sequence is higher, the
///    difference was lost.
class Reader final : public RecordPath {
 public:
  Reader(BlockLog& log, unsigned port);

  /// Starts at a place in the log. Without time stamps, `Start::time` reads from the oldest event.
  void start(Start start) noexcept;
  /// Starts where the port was placed for it, before the topic had its first event.
  void adopt() noexcept;
  /// Goes on at event `sequence`, in block `number` or a later one. Events below are passed silently; what has left the
  /// ring from `sequence` on is lost.
  void resume(std::uint64_t number, std::uint64_t sequence, std::int64_t time = 0) noexcept;
  /// Waits in front of the open claims of living publishers, as a reliable subscriber does, though it holds none back.
  void wait_for_claims() noexcept { waits_for_claims_ = true; }
  /// The number of the block that it reads, or enters next.
  std::uint64_t block() const noexcept { return wanted_ != kNone ? wanted_ : block_.number; }

  /// Goes on at event `sequence`, which the ring must hold or be about to get, and counts nothing as lost; with a `time` at
  /// the first event of that time or later. Returns false, and pins nothing, where it has left the ring.
  bool try_resume(std::uint64_t sequence, std::int64_t time = 0) noexcept;
  /// From now on, what has left the ring is looked for there first.
  void look_elsewhere(Elsewhere* elsewhere) noexcept { elsewhere_ = elsewhere; }
  /// Hands out events only up to a watermark from now on, and none up to `missing_end` that is not found elsewhere. Takes
  /// no latencies then.
  void see_up_to(const std::atomic<std::uint64_t>& watermark, const std::atomic<std::uint64_t>& missing_end) noexcept;
  /// Pins nothing until it is resumed: the subscriber reads elsewhere.
  void leave_ring() noexcept;
  /// Goes on with the count that another source of the same subscriber has reached.
  void take_lost(std::uint64_t lost) noexcept { lost_ = lost; }

  /// Whether a committed record is at the cursor. For a loop that spins: it does not read the tail.
  bool ready() noexcept;

  /// Returns whether a poll could find something. If not, repairs what is in the way, for example the open claim of a
  /// dead publisher. For a subscriber that is about to sleep.
  bool look() noexcept;

  /// Called when the log was cut short: the status is `corrupt` from now on, and the log is not accessed any more.
  void mark_corrupt() noexcept;

  /// Returns no further events, not even in a poll that is running; the status is `closed` from now on. The reader's
  /// thread.
  void stop() noexcept;

  /// Called in a forked child: stops, and redirects the reader's stores to private memory. The port belongs to the
  /// parent.
  void in_child() noexcept;

  /// Whether an uncommitted claim is in front of the reader, so that it should check again soon.
  bool at_open_claim() const noexcept { return claim_since_ != 0; }

  std::uint64_t lost() const noexcept { return lost_; }
  std::uint64_t next_sequence() const noexcept { return next_sequence_; }
  Status status() const noexcept { return status_; }
  unsigned port() const noexcept { return port_number_; }
  BlockLog& log() const noexcept { return *log_; }

  /// The moment when the current block was opened, to convert stamps by.
  Moment block_opened() const noexcept;

  /// Keeps the current block pinned after the reader has left it. Returns a slot; -1 when all are used, or where the
  /// topic reserved its memory: a block kept outside its ring would be missing there. The reader's thread.
  int retain() noexcept;
  /// Keeps the block of a slot that the caller has, once more; returns the slot, to be freed once more. Any thread.
  int retain_again(int slot) noexcept {
    slot_uses_[static_cast<unsigned>(slot)].fetch_add(1, std::memory_order_relaxed);  // it is in use: not being cleared
    return slot;
  }
  /// Frees a slot that `retain` returned. Any thread.
  void release(int slot) noexcept;

  void count_handler_error() noexcept;
  /// Counts an event that is not of the type its subscriber reads; returns how many there are. Any thread.
  std::uint64_t count_mismatched() noexcept;

 private:
  bool take_special(const layout::RecordHeader* header, layout::RecordMeta meta, detail::EventRecord& record,
                    std::size_t& stride) noexcept override;

  // In reader.cpp, reader_start.cpp and open_claim.cpp.
  bool sample_latency() noexcept override;
  bool nothing_here(std::uint64_t key) noexcept override;
  bool next_block() noexcept override;
  bool enter(const Block& block) noexcept;
  void pin(std::uint64_t number) noexcept;
  void list_if_unlinked(const Block& block) noexcept;
  bool begin_poll() noexcept override;
  bool skip_forward() noexcept;
  bool within_watermark() noexcept;
  void skip_to(std::uint64_t sequence, std::int64_t time) noexcept;
  bool fits(std::size_t stride, bool padding) const noexcept;
  bool pass_open_claim() noexcept;
  bool step_over(std::size_t stride, unsigned sequences, bool lost) noexcept;
  bool pass_aborted() noexcept;
  bool fail() noexcept;
  bool start_at_end(std::uint64_t number, std::size_t offset, std::uint64_t next_sequence) noexcept;
  void start_latest() noexcept;
  void start_oldest(std::uint64_t number) noexcept;
  void start_at_sequence(std::uint64_t sequence, bool missed_counts) noexcept;
  void start_at_time(std::int64_t ns) noexcept;

  BlockLog* log_;
  layout::SubscriberPort* port_;
  std::uint64_t wanted_ = kNone;  // the block to enter next; pinned
  Block block_;
  const std::byte* begin_ = nullptr;
  std::uint64_t lost_ = 0;
  std::uint64_t lapped_ = 0;
  layout::LatencyHistogram* latencies_ = nullptr;
  LatencySampling sampling_;
  Elsewhere* elsewhere_ = nullptr;
  const std::atomic<std::uint64_t>* watermark_ = nullptr;  // events above are not handed out yet; null: there is none
  const std::atomic<std::uint64_t>* missing_end_ = nullptr;
  bool skipping_ = false;                                  // events before the reader's start
  std::uint64_t skip_to_ = 0;                              // events below are skipped silently
  std::int64_t skip_time_ = 0;                             // events of an earlier time are skipped, too; 0: no limit
  std::uint64_t claim_asked_ = 0;                          // when its owner was last checked
  std::uint64_t claim_looked_ = 0;  // when an empty poll last checked for one, by the cycle counter; a hint
  unsigned port_number_;
  bool waits_for_claims_ = false;
  std::atomic<std::uint32_t> slot_uses_[layout::kRetainSlots] = {};
  Block slot_block_[layout::kRetainSlots];
};

}  // namespace shmbus::log
