#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "shmbus/log/block_log.hpp"
#include "shmbus/log/latency_sampling.hpp"
#include "shmbus/options.hpp"
#include "shmbus/platform/cpu.hpp"
#include "shmbus/platform/crash_point.hpp"
#include "shmbus/status.hpp"

#include "shmbus/header_begin.hpp"

namespace shmbus::log {

/// One event as it lies in its block, checked.
struct Record {
  const std::byte* payload = nullptr;
  std::size_t size = 0;              ///< payload bytes
  const std::byte* trace = nullptr;  ///< or null
  std::uint64_t sequence = 0;
  std::uint64_t stamp = 0;  ///< of the bus's clock; 0 without time stamps
  std::uint16_t port = 0;
};

/// Reads one log through one subscriber port. One thread at a time.
///
/// P1 The block it is inside is pinned: its number stands in the port, stored before the ring was found to hold it.
/// P2 The pin only moves up, and only after everything in the block was read.
/// P3 `next_sequence_` is the sequence of the record at the cursor; what a block's first sequence exceeds it by was
/// lost.
class Reader {
 public:
  Reader(BlockLog& log, unsigned port);

  /// Takes its place in the log. Without time stamps `Start::time` reads from the oldest event.
  void start(Start start) noexcept;
  /// Continues where the port was placed for it, before the topic had its first event.
  void adopt() noexcept;

  /// Hands out up to `limit` records in place, and returns how many. Never waits.
  template <class Deliver>
  std::size_t poll(Deliver&& deliver, std::size_t limit);

  /// Whether a committed record stands at the cursor. For a loop that spins: it does not look at the tail.
  bool ready() noexcept;

  /// Whether a poll could find something, and if so true; else puts right what is in the way, for example the open
  /// claim of a dead publisher. For whoever is about to sleep.
  bool look() noexcept;

  /// The log was cut short: `corrupt` from here on, and nothing of it is touched any more.
  void give_up() noexcept;

  /// Gives nothing more, also within a poll that is under way; `closed` from here on. The reader's thread.
  void stop() noexcept;

  /// In a forked child: stops, and what the reader would store goes nowhere. The port is the parent's.
  void in_child() noexcept;

  /// True while a claim that is not committed stands before the reader, so that it should look again soon.
  bool at_hole() const noexcept { return hole_since_ != 0; }

  std::uint64_t lost() const noexcept { return lost_; }
  std::uint64_t delivered() const noexcept { return delivered_; }
  std::uint64_t next_sequence() const noexcept { return next_sequence_; }
  Status status() const noexcept { return status_; }
  unsigned port() const noexcept { return port_number_; }
  BlockLog& log() const noexcept { return *log_; }

  /// The moment when the current block was opened, to convert stamps by.
  Moment block_opened() const noexcept;

  /// Keeps the current block pinned beyond the reader's stay: a slot, or -1 when all are used, or where the topic
  /// reserved its memory: what is kept out of its ring would be missing there. The reader's thread.
  int retain() noexcept;
  /// Ends that. Any thread.
  void release(int slot) noexcept;

  void count_handler_error() noexcept;
  /// Counts an event that is not of the type its subscriber reads; returns how many there are. Any thread.
  std::uint64_t count_mismatched() noexcept;

 private:
  bool take(const layout::RecordHeader* header, Record& record, std::size_t& stride) noexcept;
  bool take_special(const layout::RecordHeader* header, layout::RecordMeta meta, Record& record,
                    std::size_t& stride) noexcept;
  void save_position(std::size_t events) noexcept;

  // Cold, in reader.cpp, start.cpp and hole.cpp.
  bool sample_latency() noexcept;
  bool nothing_here(std::uint64_t key) noexcept;
  bool next_block() noexcept;
  bool enter(const Block& block) noexcept;
  void pin(std::uint64_t number) noexcept;
  void list_if_unlinked(const Block& block) noexcept;
  bool skip_forward() noexcept;
  bool fits(std::size_t stride, bool padding) const noexcept;
  bool pass_hole() noexcept;
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
  const std::byte* cursor_ = nullptr;  // equal to end_: at a block's end, or in no block
  const std::byte* end_ = nullptr;
  std::uint64_t key_ = 0;
  std::uint64_t next_sequence_ = 1;
  std::uint64_t wanted_ = kNone;  // the block to enter next; pinned
  Block block_;
  const std::byte* begin_ = nullptr;
  std::uint64_t lost_ = 0;
  std::uint64_t delivered_ = 0;
  std::uint64_t lapped_ = 0;
  static constexpr std::uint64_t kNeverSample = ~std::uint64_t{0};
  std::uint64_t until_sample_ = kNeverSample;  // events to hand out before the one whose latency is taken
  layout::LatencyHistogram* latencies_ = nullptr;
  LatencySampling sampling_;
  std::uint64_t skip_to_ = 0;           // events below are passed over silently
  std::int64_t skip_time_ = 0;          // the same for events of an earlier time; 0: all times are right
  std::uint64_t hole_since_ = 0;        // monotonic ns; 0: not in front of an open claim
  const std::byte* hole_at_ = nullptr;  // the cursor when that began
  std::uint64_t hole_asked_ = 0;        // when its owner was last asked for
  std::uint64_t hole_looked_ = 0;       // when an empty poll last looked for one, by the cycle counter: a hint
  std::uint32_t empty_polls_ = 0;
  unsigned port_number_;
  bool streaming_ = false;  // the last poll gave many
  bool skipping_ = false;
  Status status_ = Status::ok;
  std::atomic<std::uint32_t> slot_uses_[layout::kRetainSlots] = {};
  Block slot_block_[layout::kRetainSlots];
};

// ---------------------------------------------------------------------------------------------------- the hot path

/// Pauses of a streaming reader that drained the log, so that the writer gets ahead by some cache lines.
inline constexpr int kStreamingPauses = 32;

template <class Deliver>
std::size_t Reader::poll(Deliver&& deliver, std::size_t limit) {
  if (skipping_) [[unlikely]] {
    if (!skip_forward()) return 0;
  }
  std::size_t events = 0;
  struct Save {  // also when the handler throws
    Reader& reader;
    std::size_t& events;
    ~Save() { reader.save_position(events); }
  } save{*this, events};

  while (events < limit) {
    if (cursor_ == end_) [[unlikely]] {
      if (!next_block()) break;
    }
    const auto* header = reinterpret_cast<const layout::RecordHeader*>(cursor_);
    const std::uint64_t key = header->key.load(std::memory_order_acquire);  // SYNC commit: pairs with Writer::finish
    if (key != key_) [[unlikely]] {
      if (!nothing_here(key)) break;
      continue;
    }
    if (until_sample_ == 0) [[unlikely]] {
      if (!sample_latency()) break;
      continue;
    }
    Record record;
    std::size_t stride;
    if (!take(header, record, stride)) [[unlikely]] {
      if (status_ != Status::ok) break;
      continue;
    }
    cursor_ += stride;
    record.sequence = next_sequence_++;
    ++events;
    --until_sample_;
    deliver(record);
    SHMBUS_CRASH_POINT("read.delivered");
  }
  return events;
}

/// I6: what the record says of itself is loaded once, checked, then used. False: padding, which is passed, or corrupt.
inline bool Reader::take(const layout::RecordHeader* header, Record& record, std::size_t& stride) noexcept {
  // Relaxed: written before the key, which was acquired.
  const auto meta = layout::RecordMeta::from(header->meta.load(std::memory_order_relaxed));
  const std::size_t head = log_->record_header();
  stride = log_->stride(meta.size);
  const auto room = static_cast<std::size_t>(end_ - cursor_);
  if (meta.flags != 0 || meta.size < head || stride + layout::kMinRecord > room) [[unlikely]] {
    return take_special(header, meta, record, stride);
  }
  const auto* begin = reinterpret_cast<const std::byte*>(header);
  record.payload = begin + head;
  record.size = meta.size - head;
  record.port = meta.port;
  if (log_->timestamps()) std::memcpy(&record.stamp, begin + sizeof *header, sizeof record.stamp);
  return true;
}

inline void Reader::save_position(std::size_t events) noexcept {
  if (events == 0) [[unlikely]]
    return;
  delivered_ += events;
  empty_polls_ = 0;
  if (hole_at_ != cursor_) hole_since_ = 0;
  streaming_ = events >= 16;
  port_->position.store(next_sequence_, std::memory_order_release);
  SHMBUS_CRASH_POINT("read.saved");
  port_->delivered.store(delivered_, std::memory_order_relaxed);  // for the monitor alone
}

}  // namespace shmbus::log

#include "shmbus/header_end.hpp"
