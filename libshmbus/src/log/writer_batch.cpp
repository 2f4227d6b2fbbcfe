// Many events by one claim.
//
// A claim of several events is in the port like any other. `what` holds the number of events and the stride in one
// word, so no process combines values of two claims (W1). Once the claim is granted, its records are written in order,
// each with its key. Readers may have the first while the last are written. A process that finds the claim's owner dead
// steps from the claim's start over the committed records to the rest (repair.cpp). So inside a claim, no record is
// finished after one that is not.

#include <algorithm>

#include "log/cause.hpp"
#include "log/writer.hpp"
#include "shmbus/detail/crash_point.hpp"

namespace shmbus::log {

using layout::ClaimWord;
using layout::RecordMeta;

namespace {

// The size of a claim is bounded, so that no reader waits long for a stopped publisher's claim, or loses much by
// passing it. A larger claim would not be quicker.
constexpr std::size_t kMaxRun = std::size_t{64} << 10;
constexpr int kClaimTries = 16;  // tries to be the first at a tail, before an event is published singly

}  // namespace

Status Writer::publish_all(Batch& batch) noexcept {
  Cause cause;
  const bool caused = causes_ && cause.find();
  batch.cause = caused ? &cause : nullptr;
  const bool in_runs = !caused || cause.tracestate.empty();
  while (!batch.complete()) {
    if (in_runs && publish_run(batch)) continue;
    // Fewer than two events fit here, or there is an obstacle: a single event goes to the next block, or returns the
    // status.
    const PublishResult one = publish(batch.next());
    if (!one) return one.status();
    batch.count(one.sequence());
  }
  return Status::ok;
}

/// Bytes of a record before its payload.
std::size_t Writer::head_of(const Batch& batch) const noexcept {
  return head_ + (batch.cause != nullptr ? stride(Cause::kSize) : 0);
}

/// Returns the next events: as many as one claim may cover and `room` bytes hold.
Writer::Run Writer::run_of(const Batch& batch, std::size_t room) const noexcept {
  Run run;
  const std::size_t most = std::min(room, kMaxRun);
  const std::size_t left = std::min<std::size_t>(batch.payloads.count() - batch.published, ClaimWord::kMaxEvents);
  const std::size_t head = head_of(batch);
  while (run.events < left) {
    const std::size_t size = batch.payloads[batch.published + run.events].size();
    if (size > most) break;  // so that nothing below overflows
    const std::size_t length = stride(head + size);
    if (length > most - run.stride) break;
    run.stride += length;
    run.bytes += size;
    ++run.events;
  }
  return run;
}

/// Publishes several events at once. Returns false where it published none.
bool Writer::publish_run(Batch& batch) noexcept {
  // `attention` is acquired as in place_slowly.
  if ((topic_->attention.load(std::memory_order_acquire) & layout::kTopicRemoved) != 0 || obstacle_ != Status::ok ||
      block_begin_ == nullptr)
    return false;
  Run run;
  Place at;
  if (exclusive_) {
    if (cursor_ >= cursor_limit_) return false;
    run = run_of(batch, static_cast<std::size_t>(cursor_limit_ - cursor_));
    at = {cursor_, last_sequence_ + 1};
    if (run.events < 2) return false;
  } else if (!claim_run(batch, run, at)) {
    return false;
  }
  write_run(batch, run, at);
  if (exclusive_) {  // W3: until here a successor finds the end by the keys
    cursor_ += run.stride;
    last_sequence_ += run.events;
    tail_ += run.stride * tail_unit_ + run.events;
    topic_->tail.store(tail_, std::memory_order_release);  // SYNC tail
    SHMBUS_CRASH_POINT("publish_all.advanced");
  } else {
    port_words_->where.store(kNone, std::memory_order_release);  // SYNC claim: after the last key
    SHMBUS_CRASH_POINT("publish_all.released");
  }
  // As in publish_quickly; a publisher that must order the two steps itself does so in wake.
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if ((topic_->waiters.load(std::memory_order_relaxed) | topic_->attention.load(std::memory_order_relaxed)) != 0)
    wake(last_sequence_);
  return true;
}

/// As `place_shared`, for several events.
bool Writer::claim_run(const Batch& batch, Run& run, Place& place) noexcept {
  for (int i = 0; i < kClaimTries; ++i) {
    std::uint64_t tail = topic_->tail.load(std::memory_order_acquire);  // SYNC tail
    const std::uint64_t inside = tail - block_tail_;
    if (inside > tail_room_) return false;  // another block, or this one's end
    const std::size_t offset = static_cast<std::size_t>(inside >> tail_shift_) & ~(kUnit - 1);
    run = run_of(batch, limit_ - offset);
    if (run.events < 2) return false;
    port_words_->what.store(claim_.at(tail, run.stride, run.events).word(), std::memory_order_release);
    SHMBUS_CRASH_POINT("publish_all.described");
    port_words_->where.store(tail, std::memory_order_release);  // SYNC claim: pairs with read_claim
    SHMBUS_CRASH_POINT("publish_all.claimed");
    const std::uint64_t after = tail + run.stride * tail_unit_ + run.events;
    if (slot_->load(std::memory_order_acquire) == entry_ &&
        topic_->tail.compare_exchange_strong(tail, after, std::memory_order_acq_rel, std::memory_order_relaxed)) {
      SHMBUS_CRASH_POINT("publish_all.granted");
      place = {block_begin_ + offset, first_sequence_ + log_->format().count(tail)};
      return true;
    }
    port_words_->where.store(kNone, std::memory_order_release);  // W1
    SHMBUS_CRASH_POINT("publish_all.lost");
  }
  return false;
}

/// Writes the records. All have the same time stamp, taken before the first is written.
void Writer::write_run(Batch& batch, const Run& run, Place at) noexcept {
  const std::uint64_t stamp = timestamps_ ? log_->stamp() : 0;
  if (!exclusive_) {
    platform::add_to_own(port_words_->published, run.events);
    platform::add_to_own(port_words_->bytes, run.bytes);
  }
  const std::size_t head = head_of(batch);
  const RecordMeta empty{static_cast<std::uint32_t>(head), port_,
                         static_cast<std::uint16_t>(batch.cause != nullptr ? layout::kExtended : 0)};
  for (unsigned i = 0; i < run.events; ++i) {
    const auto payload = batch.next();
    write_meta(at.record, empty.word() + payload.size());
    SHMBUS_CRASH_POINT("publish_all.headed");
    if (batch.cause != nullptr) batch.cause->write(at.record + head_);
    copy_payload(at.record + head, payload);
    SHMBUS_CRASH_POINT("publish_all.written");
    if (timestamps_) write_stamp(at.record, stamp);
    auto& committed = reinterpret_cast<layout::RecordHeader*>(at.record)->key;
    committed.store(key_, std::memory_order_release);  // SYNC commit: pairs with PollPath::poll
    SHMBUS_CRASH_POINT("publish_all.committed");
    batch.count(at.sequence++);
    at.record += stride(head + payload.size());
  }
}

}  // namespace shmbus::log
