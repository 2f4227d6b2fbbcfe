#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "shmbus/layout/claim_word.hpp"
#include "shmbus/log/batch.hpp"
#include "shmbus/log/block_log.hpp"
#include "shmbus/platform/cpu.hpp"
#include "shmbus/platform/crash_point.hpp"
#include "shmbus/publish_result.hpp"
#include "shmbus/trace_context.hpp"

#include "shmbus/header_begin.hpp"

namespace shmbus::log {

/// The right to write one record.
struct Claim {
  std::byte* record = nullptr;
  std::byte* payload = nullptr;
  std::size_t size = 0;  ///< payload bytes
  std::size_t stride = 0;
  std::uint64_t sequence = 0;
  std::uint16_t flags = 0;
};

/// Writes to one log through one publisher port: claim, write, then commit or abort. One thread at a time.
///
/// W1 A shared publisher's claim stands in its port before the tail moves over it, so whoever finds the hole knows its
/// owner. W2 The key is the last thing written to a record. W3 An exclusive publisher is alone: its record needs no
/// claim, since the tail moves only after the key.
class Writer {
 public:
  Writer(BlockLog& log, unsigned port);

  /// `ok`, or nothing was published. Never waits.
  PublishResult publish(std::span<const std::byte> payload) noexcept;
  PublishResult publish(std::span<const std::byte> payload, const TraceContext* trace) noexcept {
    return trace != nullptr ? publish_slowly(payload, trace) : publish(payload);
  }

  /// Publishes the rest of a batch in order, as many events by one claim as the block has room for. `ok`: all of it;
  /// else what was published before stays, and `batch` tells how much. Never waits.
  Status publish_all(Batch& batch) noexcept;

  /// `ok` fills `c`. Anything else leaves nothing behind. Never waits.
  Status claim(std::size_t size, const TraceContext* trace, Claim& c) noexcept;
  /// Publishes the claimed record. Never fails.
  void commit(const Claim& c) noexcept;

  /// Remembers that a claim is in the user's hands: until it ends, `claim` returns `loan_open`.
  void open_loan(const Claim& c) noexcept {
    obstruct(Status::loan_open);
    loan_ = c;
  }
  /// Ends a loan that its user never ended.
  void drop_loan() noexcept { abort_loan(loan_); }
  /// Publishes the first `used` bytes of a loan.
  PublishResult commit_loan(const Claim& c, std::size_t used) noexcept;
  void abort_loan(const Claim& c) noexcept;

  /// Every later claim returns `status`.
  void refuse(Status status) noexcept { obstruct(status); }

  BlockLog& log() const noexcept { return *log_; }
  unsigned port() const noexcept { return port_; }

 private:
  /// Where a record goes, and which event it is.
  struct Place {
    std::byte* record = nullptr;
    std::uint64_t sequence = 0;
  };

  /// How a payload is published: the quick ways are compiled each by itself.
  enum class Way : std::uint8_t { exclusive, shared, shared_stamped, exclusive_stamped, slow };
  static constexpr std::size_t kUnit = 8;  // of offsets and, on the quick ways, of alignment

  std::size_t stride(std::size_t size) const noexcept { return (size + align_ - 1) & ~(align_ - 1); }
  template <class Copy>
  [[gnu::always_inline]] PublishResult publish_with(std::span<const std::byte> payload) noexcept;
  template <class Copy, Way kWay>
  [[gnu::noinline]] PublishResult publish_by(std::span<const std::byte> payload) noexcept;
  bool place(std::size_t stride, Place& place) noexcept {
    return exclusive_ ? stand(stride, place) : win(stride, place);
  }
  bool stand(std::size_t stride, Place& place) noexcept;
  bool win(std::size_t stride, Place& place) noexcept;
  static void write_meta(std::byte* record, std::uint64_t meta) noexcept;
  static void write_stamp(std::byte* record, std::uint64_t stamp) noexcept;
  void finish_exclusive(layout::TopicHeader* header, std::byte* record, std::size_t stride, std::uint64_t key) noexcept;
  void finish_shared(std::byte* record, std::uint64_t key) noexcept;
  void count(std::size_t size) noexcept;

  // Many events at once, in batch.cpp.
  /// How many events come next, and the bytes that their records take.
  struct Run {
    unsigned events = 0;
    std::size_t stride = 0;
    std::size_t bytes = 0;  // of payload
  };
  Run run_of(const Batch& batch, std::size_t room) const noexcept;
  bool publish_run(Batch& batch) noexcept;
  bool win_run(const Batch& batch, Run& run, Place& place) noexcept;
  void write_run(Batch& batch, const Run& run, Place at) noexcept;

  // Cold, in writer.cpp.
  PublishResult publish_other(std::span<const std::byte> payload) noexcept;
  PublishResult wake(std::uint64_t sequence) noexcept;
  void end(const Claim& c, std::size_t size, std::uint64_t key) noexcept;
  void obstruct(Status status) noexcept;
  Status place_slowly(std::size_t size, std::size_t stride, Place& place) noexcept;
  PublishResult publish_slowly(std::span<const std::byte> payload, const TraceContext* trace) noexcept;
  bool adopt_block(std::uint64_t tail) noexcept;
  void adopt_end() noexcept;
  void seal_exclusive() noexcept;
  void seal_shared(std::uint64_t tail) noexcept;
  Status rotate(std::uint64_t tail) noexcept;

  // Of the topic, for good.
  layout::TopicHeader* header_;
  layout::PublisherPort* claim_port_;
  std::uint64_t quick_meta_;  // of a record without payload or trace
  std::uint64_t tail_unit_;   // what a byte is in a tail
  std::uint64_t count_mask_;
  std::uint8_t tail_shift_;  // log2 of the unit
  bool exclusive_, timestamps_;

  Way way_ = Way::slow;  // while something is in the way; obstruct

  // The block we write to; adopt_block. Until then nothing may be placed.
  std::byte* block_begin_ = nullptr;
  std::uint64_t key_ = 0;

  // Exclusive: where we are; only we move it.
  std::byte* cursor_ = nullptr;
  std::byte* cursor_limit_ = nullptr;
  std::uint64_t last_sequence_ = 0;
  std::uint64_t tail_ = 0;

  // Shared: what the tail tells of our block.
  std::uint64_t block_tail_ = 0;  // at its begin
  std::uint64_t tail_room_;       // how far beyond that a record may reach: padding must fit behind it
  std::uint64_t first_sequence_ = 0;
  std::uint64_t entry_ = 0;  // its word in the ring
  std::atomic<std::uint64_t>* slot_ = nullptr;
  layout::ClaimWord claim_{0};  // of nothing in it

  std::uint16_t port_;
  std::size_t head_;   // bytes of a record before its payload
  std::size_t align_;  // of records
  std::size_t limit_;  // of offsets in a block that a record may reach
  BlockLog* log_;
  Claim loan_;                    // while it is open
  Status obstacle_ = Status::ok;  // of the next claim: an open loan, a forked child
};

// ---------------------------------------------------------------------------------------------------- the hot path

/// Copies 16 to 64 bytes without a call, in pieces that may overlap.
struct ShortCopy {
  static constexpr std::size_t kPiece = 16, kLeast = kPiece, kMost = 4 * kPiece;
  static void copy(std::byte* to, const std::byte* from, std::size_t size) noexcept {
    platform::copy_two_words(to, from);
    if (size > 2 * kPiece) [[likely]] {
      platform::copy_two_words(to + kPiece, from + kPiece);
      platform::copy_two_words(to + size - 2 * kPiece, from + size - 2 * kPiece);
    }
    platform::copy_two_words(to + size - kPiece, from + size - kPiece);
  }
};

struct AnyCopy {
  static void copy(std::byte* to, const std::byte* from, std::size_t size) noexcept {
    if (size != 0) std::memcpy(to, from, size);  // memcpy takes no null pointer
  }
};

inline PublishResult Writer::publish(std::span<const std::byte> payload) noexcept {
  if (payload.size() - ShortCopy::kLeast <= ShortCopy::kMost - ShortCopy::kLeast) [[likely]]
    return publish_with<ShortCopy>(payload);
  return publish_other(payload);
}

template <class Copy>
inline PublishResult Writer::publish_with(std::span<const std::byte> payload) noexcept {
  if (way_ == Way::exclusive) return publish_by<Copy, Way::exclusive>(payload);
  if (way_ == Way::shared) return publish_by<Copy, Way::shared>(payload);
  if (way_ == Way::shared_stamped) return publish_by<Copy, Way::shared_stamped>(payload);
  if (way_ == Way::exclusive_stamped) return publish_by<Copy, Way::exclusive_stamped>(payload);
  return publish_slowly(payload, nullptr);
}

template <class Copy, Writer::Way kWay>
PublishResult Writer::publish_by(std::span<const std::byte> payload) noexcept {
  constexpr bool kStamped = kWay == Way::exclusive_stamped || kWay == Way::shared_stamped;
  constexpr bool kShared = kWay == Way::shared || kWay == Way::shared_stamped;
  constexpr std::size_t kHead = sizeof(layout::RecordHeader) + (kStamped ? layout::kTimeSize : 0);
  const std::size_t length = (kHead + payload.size() + kUnit - 1) & ~(kUnit - 1);
  layout::TopicHeader* const header = header_;
  Place at;
  // `attention` is a hint; nothing is read by it.
  if (header->attention.load(std::memory_order_relaxed) != 0 || !(kShared ? win(length, at) : stand(length, at)))
      [[unlikely]] {
    return publish_slowly(payload, nullptr);
  }
  write_meta(at.record, quick_meta_ + payload.size());
  if constexpr (kShared) count(payload.size());
  SHMBUS_CRASH_POINT("publish.headed");
  Copy::copy(at.record + kHead, payload.data(), payload.size());
  SHMBUS_CRASH_POINT("publish.written");
  if constexpr (kStamped) write_stamp(at.record, platform::read_cycle_counter());
  if constexpr (kShared)
    finish_shared(at.record, key_);
  else
    finish_exclusive(header, at.record, length, key_);
  // Commit, then look whether somebody sleeps: a sleeper does the two in the other order, with a membarrier between
  // them, so here it is enough that the compiler keeps the order. Where membarrier is refused, `attention` sends us the
  // slow way.
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if (header->waiters.load(std::memory_order_relaxed) != 0) [[unlikely]]
    return wake(kShared ? at.sequence : last_sequence_);
  return {Status::ok, kShared ? at.sequence : last_sequence_};
}

/// An exclusive publisher stands at the tail.
inline bool Writer::stand(std::size_t stride, Place& place) noexcept {
  place = {cursor_, last_sequence_ + 1};
  return cursor_ + stride <= cursor_limit_;
}

/// Shared publishers race for it. False where another was first, too: who lost goes the slow way.
inline bool Writer::win(std::size_t stride, Place& place) noexcept {
  layout::TopicHeader* const header = header_;
  std::uint64_t tail = header->tail.load(std::memory_order_acquire);  // SYNC tail: pairs with every change of the tail
  const std::uint64_t step = stride * tail_unit_, inside = tail - block_tail_;
  if (inside > tail_room_ - step) [[unlikely]]  // a tail in another block is beyond all room
    return false;
  // W1. No claim of ours stands there; release, so that whoever finds the former one gone has what it covered.
  layout::PublisherPort* const port = claim_port_;
  port->what.store(claim_.at(tail, stride).word(), std::memory_order_release);
  SHMBUS_CRASH_POINT("publish.described");
  port->where.store(tail, std::memory_order_release);  // SYNC claim: pairs with read_claim
  SHMBUS_CRASH_POINT("publish.claimed");
  // The ring names the physical block before the tail moves; that the compare-and-swap succeeds proves it was right.
  // Once the claim shows, the tail's block number can't come round again.
  if (slot_->load(std::memory_order_acquire) != entry_ ||
      !header_->tail.compare_exchange_strong(tail, tail + step + 1, std::memory_order_acq_rel,
                                             std::memory_order_relaxed)) [[unlikely]] {
    claim_port_->where.store(kNone, std::memory_order_release);  // W1: the next claim must not be joined with this one
    SHMBUS_CRASH_POINT("publish.lost");
    return false;
  }
  SHMBUS_CRASH_POINT("publish.granted");
  // Below the offset's unit are the count's highest bits.
  place = {block_begin_ + (inside >> tail_shift_ & ~(kUnit - 1)), first_sequence_ + (tail & count_mask_)};
  return true;
}

inline void Writer::write_meta(std::byte* record, std::uint64_t meta) noexcept {
  // Relaxed: the key, stored after it with release, publishes it.
  reinterpret_cast<layout::RecordHeader*>(record)->meta.store(meta, std::memory_order_relaxed);
}

inline void Writer::write_stamp(std::byte* record, std::uint64_t stamp) noexcept {
  std::memcpy(record + sizeof(layout::RecordHeader), &stamp, sizeof stamp);
}

inline void Writer::finish_exclusive(layout::TopicHeader* header, std::byte* record, std::size_t stride,
                                     std::uint64_t key) noexcept {
  const std::uint64_t tail = tail_ + stride * tail_unit_ + 1;
  cursor_ = record + stride;
  ++last_sequence_;
  tail_ = tail;
  auto& committed = reinterpret_cast<layout::RecordHeader*>(record)->key;
  committed.store(key, std::memory_order_release);  // SYNC commit: pairs with Reader::poll
  SHMBUS_CRASH_POINT("publish.committed");
  header->tail.store(tail, std::memory_order_release);  // SYNC tail
  SHMBUS_CRASH_POINT("publish.advanced");
}

/// One more event of a shared publisher, of `size` bytes of payload: for the monitor alone.
inline void Writer::count(std::size_t size) noexcept {
  layout::PublisherPort* const port = claim_port_;
  platform::add_to_own(port->published, 1);
  platform::add_to_own(port->bytes, size);
}

inline void Writer::finish_shared(std::byte* record, std::uint64_t key) noexcept {
  layout::PublisherPort* const port = claim_port_;
  auto& committed = reinterpret_cast<layout::RecordHeader*>(record)->key;
  committed.store(key, std::memory_order_release);  // SYNC commit: pairs with Reader::poll
  SHMBUS_CRASH_POINT("publish.committed");
  port->where.store(kNone, std::memory_order_release);  // SYNC claim: after the key
  SHMBUS_CRASH_POINT("publish.released");
}

}  // namespace shmbus::log

#include "shmbus/header_end.hpp"
