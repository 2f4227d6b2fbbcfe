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

  PublishResult publish(std::span<const std::byte> payload, const TraceContext* trace = nullptr) noexcept {
    Claim c;
    if (const Status status = claim(payload.size(), trace, c); status != Status::ok) [[unlikely]]
      return {status, 0};
    if (!payload.empty()) std::memcpy(c.payload, payload.data(), payload.size());  // memcpy takes no null pointer
    commit(c);
    return {Status::ok, c.sequence};
  }

  /// `ok` fills `c`. Anything else leaves nothing behind. Never waits.
  Status claim(std::size_t size, const TraceContext* trace, Claim& c) noexcept;
  /// Publishes the claimed record. Never fails.
  void commit(const Claim& c) noexcept;

  /// Remembers that a claim is in the user's hands: until it ends, `claim` returns `loan_open`.
  void open_loan(const Claim& c) noexcept {
    obstacle_ = Status::loan_open;
    loan_ = c;
  }
  /// Ends a loan that its user never ended.
  void drop_loan() noexcept { abort_loan(loan_); }
  /// Publishes the first `used` bytes of a loan.
  PublishResult commit_loan(const Claim& c, std::size_t used) noexcept;
  void abort_loan(const Claim& c) noexcept;

  /// Every later claim returns `status`.
  void refuse(Status status) noexcept { obstacle_ = status; }

  BlockLog& log() const noexcept { return *log_; }
  unsigned port() const noexcept { return port_; }

 private:
  bool claim_exclusive(Claim& c) noexcept;
  bool claim_shared(Claim& c) noexcept;
  void write_header(const Claim& c, std::uint32_t size) noexcept;
  void finish(const Claim& c, std::uint64_t key) noexcept;
  void wake() noexcept;

  // Cold, in writer.cpp and rotate.cpp.
  Status claim_slowly(Claim& c) noexcept;
  bool adopt_block(std::uint64_t tail) noexcept;
  void adopt_end() noexcept;
  void seal_exclusive() noexcept;
  void seal_shared(std::uint64_t tail) noexcept;
  Status rotate(std::uint64_t tail) noexcept;

  BlockLog* log_;
  layout::PublisherPort* claim_port_;
  std::byte* block_begin_ = nullptr;  // of the block that `block_` names
  Block block_;
  std::uint64_t tail_ = 0;  // exclusive: the tail, which only we move. Shared: the value claimed at
  std::size_t block_size_;  // shared: 0 until a block is adopted, so that no tail, whatever it says, gives a claim
  std::uint16_t port_;
  bool exclusive_;
  Claim loan_;                    // while it is open
  Status obstacle_ = Status::ok;  // of the next claim: an open loan, a forked child
};

// ---------------------------------------------------------------------------------------------------- the hot path

inline bool Writer::claim_exclusive(Claim& c) noexcept {
  const std::size_t offset = log_->format().offset(tail_);
  if (c.stride + layout::kMinRecord > block_size_ - offset) [[unlikely]]
    return false;
  c.record = block_begin_ + offset;
  c.sequence = block_.first_sequence + log_->format().count(tail_);
  return true;
}

inline bool Writer::claim_shared(Claim& c) noexcept {
  const layout::TailFormat& format = log_->format();
  std::uint64_t tail = log_->tail().load(std::memory_order_acquire);  // SYNC tail: pairs with every change of the tail
  for (;;) {
    const std::uint64_t low = format.block(tail);
    const std::size_t offset = format.offset(tail);
    if (format.low(block_.number) != low || offset > block_size_ ||
        c.stride + layout::kMinRecord > block_size_ - offset) [[unlikely]] {
      return false;
    }
    // W1. Release each: a looker never joins two claims, and whoever finds our former claim gone has what it covered.
    claim_port_->where.store(kNone, std::memory_order_release);
    SHMBUS_CRASH_POINT("publish.cleared");
    claim_port_->what.store(layout::ClaimWord(tail, block_.physical, false, c.stride).word(),
                            std::memory_order_release);
    SHMBUS_CRASH_POINT("publish.described");
    claim_port_->where.store(tail, std::memory_order_release);  // SYNC claim: pairs with read_claim
    SHMBUS_CRASH_POINT("publish.claimed");
    // The ring names the physical block before the tail moves; that the compare-and-swap succeeds proves it was right.
    // Once the claim shows, the tail's block number can't come round again.
    if (log_->slot(low).load(std::memory_order_acquire) != block_.entry) [[unlikely]]
      return false;
    const std::uint64_t claimed = tail;
    if (log_->tail().compare_exchange_strong(tail, format.after(tail, c.stride), std::memory_order_acq_rel,
                                             std::memory_order_acquire)) [[likely]] {
      SHMBUS_CRASH_POINT("publish.granted");
      tail_ = claimed;
      c.record = block_begin_ + offset;
      c.sequence = block_.first_sequence + format.count(claimed);
      return true;
    }
  }
}

inline Status Writer::claim(std::size_t size, const TraceContext* trace, Claim& c) noexcept {
  const std::size_t head = log_->record_header() + (trace != nullptr ? log_->stride(layout::kTraceSize) : 0);
  c.size = size;
  c.stride = log_->stride(head + size);
  c.flags = trace != nullptr ? layout::kTrace : 0;
  const bool hindered = obstacle_ != Status::ok || size > log_->max_payload() ||
                        log_->header().attention.load(std::memory_order_relaxed) != 0;  // a hint; nothing is read by it
  if (hindered || !(exclusive_ ? claim_exclusive(c) : claim_shared(c))) [[unlikely]] {
    if (const Status status = claim_slowly(c); status != Status::ok) return status;
  }
  c.payload = c.record + head;
  if (trace != nullptr) std::memcpy(c.record + log_->record_header(), trace, sizeof *trace);
  return Status::ok;
}

inline void Writer::commit(const Claim& c) noexcept {
  SHMBUS_CRASH_POINT("publish.written");
  write_header(c, static_cast<std::uint32_t>(c.payload - c.record) + static_cast<std::uint32_t>(c.size));
  finish(c, block_.key);
}

inline void Writer::write_header(const Claim& c, std::uint32_t size) noexcept {
  auto* record = reinterpret_cast<layout::RecordHeader*>(c.record);
  // Relaxed: the key, stored after it with release, publishes it.
  record->meta.store(layout::RecordMeta{size, port_, c.flags}.word(), std::memory_order_relaxed);
  if (log_->timestamps()) {
    const std::uint64_t now = log_->stamp();
    std::memcpy(c.record + sizeof(layout::RecordHeader), &now, sizeof now);
  }
}

inline void Writer::finish(const Claim& c, std::uint64_t key) noexcept {
  auto* record = reinterpret_cast<layout::RecordHeader*>(c.record);
  SHMBUS_CRASH_POINT("publish.headed");
  record->key.store(key, std::memory_order_release);  // SYNC commit: pairs with Reader::poll
  SHMBUS_CRASH_POINT("publish.committed");
  if (exclusive_) {
    tail_ = log_->format().after(tail_, c.stride);
    log_->tail().store(tail_, std::memory_order_release);  // SYNC tail
    SHMBUS_CRASH_POINT("publish.advanced");
  } else {
    claim_port_->where.store(kNone, std::memory_order_release);  // SYNC claim: after the key
    SHMBUS_CRASH_POINT("publish.released");
  }
  wake();
}

inline void Writer::wake() noexcept {
  // Commit, then look whether somebody sleeps: a sleeper does the two in the other order, with a membarrier between
  // them, so here it is enough that the compiler keeps the order. Where membarrier is refused, `attention` says so.
  std::atomic_signal_fence(std::memory_order_seq_cst);
  const layout::TopicHeader& header = log_->header();
  if ((header.waiters.load(std::memory_order_relaxed) | header.attention.load(std::memory_order_relaxed)) != 0)
      [[unlikely]] {
    log_->wake_subscribers();
  }
}

}  // namespace shmbus::log
