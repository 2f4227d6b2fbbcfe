// Where a reader begins.

#include <algorithm>

#include "log/block_search.hpp"
#include "log/log_end.hpp"
#include "log/reader.hpp"
#include "log/tail_watch.hpp"
#include "shmbus/detail/crash_point.hpp"

namespace shmbus::log {

void Reader::start(Start start) noexcept {
  switch (start.kind()) {
    case Start::Kind::latest:
      start_latest();
      break;
    case Start::Kind::oldest:
      start_oldest(oldest_block(*log_, end_of(*log_)));
      break;
    case Start::Kind::after:  // whether the event was of this topic was checked before
      start_at_sequence(static_cast<std::uint64_t>(start.value()) + 1, true);
      break;
    case Start::Kind::sequence:
      start_at_sequence(std::max<std::uint64_t>(1, static_cast<std::uint64_t>(start.value())), true);
      break;
    case Start::Kind::last: {
      const std::uint64_t next = end_of(*log_).next_sequence;
      const auto count = static_cast<std::uint64_t>(start.value());
      start_at_sequence(next > count ? next - count : 1, false);
      break;
    }
    case Start::Kind::time:
      start_at_time(start.value());
      break;
  }
  SHMBUS_CRASH_POINT("start.found");
  words_->position.store(std::max(next_sequence_, skip_to_), std::memory_order_release);
  SHMBUS_CRASH_POINT("start.placed");
  words_->lost.store(lost_, std::memory_order_relaxed);  // for the monitor alone
}

void Reader::start_latest() noexcept {
  for (TailWatch watch(kEndTries);;) {
    const End end = end_of(*log_);
    if (end.number == kNone || !watch.goes_on(end.tail)) break;
    if (start_at_end(end.number, end.offset, end.next_sequence)) return;
  }
  fail();
}

void Reader::resume(std::uint64_t number, std::uint64_t sequence, std::int64_t time) noexcept {
  next_sequence_ = log_->first_sequence();
  skip_to(sequence, time);
  pin(number);
}

/// The pin comes before the look at the ring: from then on the ring holds the block, or has lost it before.
bool Reader::try_resume(std::uint64_t sequence, std::int64_t time) noexcept {
  const End end = end_of(*log_);
  if (end.number == kNone) return false;
  const std::uint64_t number =
      sequence >= end.next_sequence ? std::max<std::uint64_t>(end.number, 1) : block_of(*log_, end, sequence);
  if (number == 0) return false;
  resume(number, sequence, time);
  Block block;
  const FindResult found = log_->find(number, block);
  if (found == FindResult::not_open || (found == FindResult::found && block.first_sequence <= sequence)) return true;
  leave_ring();
  return false;
}

void Reader::skip_to(std::uint64_t sequence, std::int64_t time) noexcept {
  skip_to_ = sequence;
  skip_time_ = time;
  skipping_ = true;
  asks_first_ = true;
}

/// The watermark is asked in front of an event whenever `until_sample_` is used up. That counts events, so it is 0 again
/// wherever numbers are passed that no event takes.
void Reader::see_up_to(const std::atomic<std::uint64_t>& watermark,
                       const std::atomic<std::uint64_t>& missing_end) noexcept {
  watermark_ = &watermark;
  missing_end_ = &missing_end;
  until_sample_ = 0;
}

bool Reader::within_watermark() noexcept {
  const std::uint64_t watermark = watermark_->load(std::memory_order_seq_cst);
  if (next_sequence_ > watermark) return false;
  // The stretch is noted before the watermark passes it. The ring may still hold what the recorder has missed.
  if (next_sequence_ <= missing_end_->load(std::memory_order_seq_cst) && elsewhere_ != nullptr &&
      elsewhere_->go_on(next_sequence_)) {
    leave_ring();
    return false;
  }
  until_sample_ = watermark - next_sequence_ + 1;
  return true;
}

bool Reader::begin_poll() noexcept {
  take_count();
  if (skipping_ && !skip_forward()) return false;
  asks_first_ = false;
  return true;
}

/// Starts where the log ended a moment ago. Returns false where that block has left the ring in the meantime.
bool Reader::start_at_end(std::uint64_t number, std::size_t offset, std::uint64_t next_sequence) noexcept {
  const std::size_t block_size = log_->block_size();
  next_sequence_ = next_sequence;
  if (offset >= block_size) {
    pin(number + 1);
    Block next;
    return log_->find(number + 1, next) != FindResult::gone;  // from here on the pin holds it
  }
  pin(number);
  Block block;
  if (log_->find(number, block) != FindResult::found) return false;
  next_sequence_ = block.first_sequence;
  if (!enter(block)) return true;
  cursor_ += offset;
  next_sequence_ = next_sequence;
  if (offset + layout::kMinRecord > block_size) fail();
  return true;
}

void Reader::start_oldest(std::uint64_t number) noexcept {
  for (TailWatch watch(kEndTries + log_->blocks());;) {  // each may have been dropped early
    // The end is read before the blocks: otherwise events published between the two steps would be skipped.
    const End end = end_of(*log_);
    if (end.number == kNone || !watch.goes_on(end.tail)) break;
    pin(number);
    Block block;
    switch (log_->find(number, block)) {
      case FindResult::found:
        next_sequence_ = block.first_sequence;
        enter(block);
        return;
      case FindResult::not_open:
        // Nothing older than what comes next: the end of the log, or all before it was dropped.
        next_sequence_ = end.next_sequence;
        return;
      case FindResult::gone:
        number = log_->oldest_after(number);
        break;
      case FindResult::corrupt:
        fail();
        return;
    }
  }
  fail();
}

void Reader::start_at_sequence(std::uint64_t sequence, bool missed_counts) noexcept {
  for (TailWatch watch(kEndTries);;) {
    const End end = end_of(*log_);
    if (end.number == kNone || !watch.goes_on(end.tail)) break;
    if (sequence >= end.next_sequence) {
      // At this end, not at a later one: `sequence` may have been published in the meantime.
      if (!start_at_end(end.number, end.offset, end.next_sequence)) continue;
    } else {
      const std::uint64_t n = block_of(*log_, end, sequence);
      start_oldest(n != 0 ? n : oldest_block(*log_, end));
    }
    if (sequence < next_sequence_) {
      if (missed_counts) lost_ += next_sequence_ - sequence;
    } else if (sequence > next_sequence_) {
      skip_to(sequence, 0);
    }
    return;
  }
  fail();
}

/// Finds the first event, in sequence order, of that time or later. Starts one block earlier than the table shows,
/// since the stamps of several publishers are not exactly in order.
void Reader::start_at_time(std::int64_t ns) noexcept {
  const End end = end_of(*log_);
  if (!log_->timestamps()) {
    start_oldest(oldest_block(*log_, end));
    return;
  }
  const std::uint64_t n = first_block_of(*log_, end, ns);
  const std::uint64_t oldest = oldest_block(*log_, end);
  start_oldest(n > oldest ? n - 1 : oldest);
  skip_to(0, std::max<std::int64_t>(ns, 1));
}

/// Skips the events before the start. Returns false where the start is not reached yet.
bool Reader::skip_forward() noexcept {
  constexpr int kAtOnce = 1 << 16;  // then the caller tries again; at a record, it does not sleep
  for (int i = 0; i < kAtOnce; ++i) {
    if (cursor_ == end_ && !next_block()) return false;
    const auto* header = reinterpret_cast<const layout::RecordHeader*>(cursor_);
    const std::uint64_t key = header->key.load(std::memory_order_acquire);  // SYNC commit
    if (key != key_) {
      if (!nothing_here(key)) return false;
      continue;
    }
    detail::EventRecord record;
    std::size_t stride;
    if (!take(header, record, stride)) {
      if (status_ != Status::ok) return false;
      continue;
    }
    const bool late_enough = skip_time_ == 0 || log_->environment().to_ns(record.stamp, block_opened()) >= skip_time_;
    if (next_sequence_ >= skip_to_ && late_enough) {
      skipping_ = false;
      skip_to_ = 0;
      skip_time_ = 0;
      return true;
    }
    cursor_ += stride;
    ++next_sequence_;
  }
  return false;
}

}  // namespace shmbus::log
