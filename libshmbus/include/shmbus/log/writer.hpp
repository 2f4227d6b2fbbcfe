#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "shmbus/layout/claim_word.hpp"
#include "shmbus/log/block_log.hpp"
#include "shmbus/platform/cpu.hpp"
#include "shmbus/platform/crash_point.hpp"
#include "shmbus/publish_result.hpp"
#include "shmbus/trace_context.hpp"

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

  std::size_t stride(std::size_t size) const noexcept { return (size + align_up_) & align_mask_; }
  template <class Copy, bool kStamped>
  PublishResult publish_by(std::span<const std::byte> payload) noexcept;
  bool place(std::size_t stride, Place& place) noexcept {
    return exclusive_ ? stand(stride, place) : win(stride, place);
  }
  bool stand(std::size_t stride, Place& place) noexcept;
  bool win(std::size_t stride, Place& place) noexcept;
  void write_header(std::byte* record, std::size_t size, std::uint16_t flags) noexcept;
  void stamp(std::byte* record) noexcept;
  void finish(std::byte* record, std::size_t stride, std::uint64_t key) noexcept;
  bool somebody_sleeps() const noexcept;

  // Cold, in writer.cpp.
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
  std::size_t head_;  // bytes of a record before its payload
  std::size_t align_up_, align_mask_;
  std::size_t limit_;  // of offsets in a block that a record may reach: padding must fit behind it
  std::uint64_t offset_mask_, count_mask_;
  std::uint8_t count_bits_, tail_shift_, block_shift_;  // of tail words
  bool exclusive_, timestamps_;
  std::uint16_t port_;
  std::uint64_t port_word_;  // as the record header holds it

  std::size_t quick_size_;  // payloads of so many bytes or more take the slow way: all, while there is an obstacle

  // The block we write to; adopt_block.
  std::byte* block_begin_ = nullptr;
  std::uint64_t block_low_ = kNone;  // as a tail says it; kNone is never said
  std::uint64_t key_ = 0;
  std::uint64_t first_sequence_ = 0;
  std::uint64_t entry_ = 0;  // its word in the ring
  std::atomic<std::uint64_t>* slot_ = nullptr;
  std::uint32_t physical_ = 0;

  // Exclusive: where we are; only we move it.
  std::byte* cursor_ = nullptr;
  std::byte* cursor_limit_ = nullptr;
  std::uint64_t next_sequence_ = 0;
  std::uint64_t tail_ = 0;

  BlockLog* log_;
  Claim loan_;                    // while it is open
  Status obstacle_ = Status::ok;  // of the next claim: an open loan, a forked child
};

// ---------------------------------------------------------------------------------------------------- the hot path

/// Copies 16 to 64 bytes without a call, as two pairs of overlapping pieces.
struct ShortCopy {
  static constexpr std::size_t kLeast = 16, kMost = 64;
  static void copy(std::byte* to, const std::byte* from, std::size_t size) noexcept {
    struct Piece {
      std::uint64_t words[2];
    };
    constexpr std::size_t kPiece = sizeof(Piece);
    const std::size_t second = size >= 2 * kPiece ? kPiece : 0, last = size - kPiece;
    Piece a, b, c, d;
    std::memcpy(&a, from, kPiece);
    std::memcpy(&b, from + second, kPiece);
    std::memcpy(&c, from + last - second, kPiece);
    std::memcpy(&d, from + last, kPiece);
    std::memcpy(to, &a, kPiece);
    std::memcpy(to + second, &b, kPiece);
    std::memcpy(to + last - second, &c, kPiece);
    std::memcpy(to + last, &d, kPiece);
  }
};

struct AnyCopy {
  static void copy(std::byte* to, const std::byte* from, std::size_t size) noexcept {
    if (size != 0) std::memcpy(to, from, size);  // memcpy takes no null pointer
  }
};

inline PublishResult Writer::publish(std::span<const std::byte> payload) noexcept {
  const bool is_short = payload.size() - ShortCopy::kLeast <= ShortCopy::kMost - ShortCopy::kLeast;
  if (timestamps_) return is_short ? publish_by<ShortCopy, true>(payload) : publish_by<AnyCopy, true>(payload);
  return is_short ? publish_by<ShortCopy, false>(payload) : publish_by<AnyCopy, false>(payload);
}

template <class Copy, bool kStamped>
PublishResult Writer::publish_by(std::span<const std::byte> payload) noexcept {
  const std::size_t size = payload.size(), length = stride(head_ + size);
  Place at;
  // `attention` is a hint; nothing is read by it.
  if (size >= quick_size_ || header_->attention.load(std::memory_order_relaxed) != 0 || !place(length, at))
      [[unlikely]] {
    return publish_slowly(payload, nullptr);
  }
  Copy::copy(at.record + head_, payload.data(), size);
  SHMBUS_CRASH_POINT("publish.written");
  if constexpr (kStamped) stamp(at.record);
  write_header(at.record, head_ + size, 0);
  finish(at.record, length, key_);
  if (somebody_sleeps()) [[unlikely]]
    return wake(at.sequence);
  return {Status::ok, at.sequence};
}

/// An exclusive publisher stands at the tail.
inline bool Writer::stand(std::size_t stride, Place& place) noexcept {
  if (stride > static_cast<std::size_t>(cursor_limit_ - cursor_)) [[unlikely]]
    return false;
  place = {cursor_, next_sequence_};
  return true;
}

/// Shared publishers race for it.
inline bool Writer::win(std::size_t stride, Place& place) noexcept {
  std::uint64_t tail = header_->tail.load(std::memory_order_acquire);  // SYNC tail: pairs with every change of the tail
  for (;;) {
    const std::size_t offset = (tail >> count_bits_ & offset_mask_) * 8;
    if (tail >> block_shift_ != block_low_ ||
        static_cast<std::ptrdiff_t>(stride) > static_cast<std::ptrdiff_t>(limit_ - offset)) [[unlikely]] {
      return false;
    }
    // W1. Release each: a looker never joins two claims, and whoever finds our former claim gone has what it covered.
    claim_port_->where.store(kNone, std::memory_order_release);
    SHMBUS_CRASH_POINT("publish.cleared");
    claim_port_->what.store(layout::ClaimWord(tail, physical_, false, stride).word(), std::memory_order_release);
    SHMBUS_CRASH_POINT("publish.described");
    claim_port_->where.store(tail, std::memory_order_release);  // SYNC claim: pairs with read_claim
    SHMBUS_CRASH_POINT("publish.claimed");
    // The ring names the physical block before the tail moves; that the compare-and-swap succeeds proves it was right.
    // Once the claim shows, the tail's block number can't come round again.
    if (slot_->load(std::memory_order_acquire) != entry_) [[unlikely]]
      return false;
    const std::uint64_t claimed = tail;
    if (header_->tail.compare_exchange_strong(tail, tail + (stride << tail_shift_) + 1, std::memory_order_acq_rel,
                                              std::memory_order_acquire)) [[likely]] {
      SHMBUS_CRASH_POINT("publish.granted");
      place = {block_begin_ + offset, first_sequence_ + (claimed & count_mask_)};
      return true;
    }
  }
}

inline void Writer::write_header(std::byte* record, std::size_t size, std::uint16_t flags) noexcept {
  auto* header = reinterpret_cast<layout::RecordHeader*>(record);
  // Relaxed: the key, stored after it with release, publishes it.
  header->meta.store(port_word_ | size | std::uint64_t{flags} << 48, std::memory_order_relaxed);
}

inline void Writer::stamp(std::byte* record) noexcept {
  const std::uint64_t now = log_->stamp();
  std::memcpy(record + sizeof(layout::RecordHeader), &now, sizeof now);
}

inline void Writer::finish(std::byte* record, std::size_t stride, std::uint64_t key) noexcept {
  layout::TopicHeader* header = header_;
  auto& committed = reinterpret_cast<layout::RecordHeader*>(record)->key;
  SHMBUS_CRASH_POINT("publish.headed");
  if (exclusive_) {
    const std::uint64_t tail = tail_ + (stride << tail_shift_) + 1;
    cursor_ = record + stride;
    ++next_sequence_;
    tail_ = tail;
    committed.store(key, std::memory_order_release);  // SYNC commit: pairs with Reader::poll
    SHMBUS_CRASH_POINT("publish.committed");
    header->tail.store(tail, std::memory_order_release);  // SYNC tail
    SHMBUS_CRASH_POINT("publish.advanced");
  } else {
    layout::PublisherPort* port = claim_port_;
    committed.store(key, std::memory_order_release);  // SYNC commit: pairs with Reader::poll
    SHMBUS_CRASH_POINT("publish.committed");
    port->where.store(kNone, std::memory_order_release);  // SYNC claim: after the key
    SHMBUS_CRASH_POINT("publish.released");
    platform::add_to_own(port->published, 1);
    platform::add_to_own(port->bytes, stride);
  }
}

inline bool Writer::somebody_sleeps() const noexcept {
  // Commit, then look whether somebody sleeps: a sleeper does the two in the other order, with a membarrier between
  // them, so here it is enough that the compiler keeps the order. Where membarrier is refused, `attention` says so.
  std::atomic_signal_fence(std::memory_order_seq_cst);
  return (header_->waiters.load(std::memory_order_relaxed) | header_->attention.load(std::memory_order_relaxed)) != 0;
}

}  // namespace shmbus::log
