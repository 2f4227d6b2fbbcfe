#include "log/writer.hpp"

#include <algorithm>
#include <bit>
#include <optional>

#include "log/cause.hpp"
#include "log/log_end.hpp"
#include "log/rotation.hpp"
#include "log/tail_watch.hpp"
#include "shmbus/detail/crash_point.hpp"

namespace shmbus::log {

using layout::RecordHeader;
using layout::RecordMeta;

namespace {

// The limit for consecutive rounds of a claim in which no publisher moved the tail, far more than contention can cause:
// a round in which the tail did not move finds the next block open, and moves the tail; or it finds its block dropped
// early, which happens once.
constexpr std::uint32_t kStandstill = 256;

bool has_tracestate(const RecordExtensions& extensions) noexcept {
  return std::any_of(extensions.headers.begin(), extensions.headers.end(),
                     [](const EventHeader& header) { return header.name == kTracestate; });
}

}  // namespace

Writer::Writer(BlockLog& log, unsigned port, bool causes)
    : exclusive_(log.exclusive()),
      timestamps_(log.timestamps()),
      causes_(causes),
      port_(static_cast<std::uint16_t>(port)),
      head_(log.record_header()),
      align_(log.geometry().alignment),
      limit_(log.block_size() - layout::kMinRecord),
      log_(&log) {
  topic_ = &log.header().words;
  port_words_ = &log.publisher(port).words;
  quick_meta_ = RecordMeta{log.geometry().record_header, port_, 0}.word();
  tail_unit_ = log.format().make(0, kUnit, 0) / kUnit;
  count_mask_ = log.format().count_mask();
  tail_shift_ = static_cast<std::uint8_t>(std::countr_zero(tail_unit_));
  tail_room_ = log.format().make(0, log.block_size() - layout::kMinRecord, count_mask_);
  max_payload_ = log.max_payload();
  if (!exclusive_) return;
  adopt_end();
  const End end = end_of(log);  // what was there before is not this publisher's; for the monitor alone
  port_words_->published.store(end.next_sequence - 1, std::memory_order_relaxed);
  port_words_->bytes.store(end.position(log.block_size()), std::memory_order_relaxed);
}

/// The quick modes need an adopted block, the smallest alignment, and stamps of the cycle counter.
void Writer::set_obstacle(Status status) noexcept {
  obstacle_ = status;
  if (status != Status::ok || block_begin_ == nullptr || align_ != kUnit || (timestamps_ && !log_->cycle_clock()))
    set_mode(Mode::slow, causes_);
  else if (exclusive_)
    set_mode(timestamps_ ? Mode::exclusive_stamped : Mode::exclusive, causes_);
  else
    set_mode(timestamps_ ? Mode::shared_stamped : Mode::shared, causes_);
}

PublishResult Writer::publish_claimed(std::span<const std::byte> payload,
                                      const RecordExtensions& extensions) noexcept {
  detail::Claim c;
  if (const Status status = claim(payload.size(), extensions, c); status != Status::ok) return {status, 0};
  if (!payload.empty()) std::memcpy(c.payload, payload.data(), payload.size());
  commit(c);
  return {Status::ok, c.sequence};
}

bool Writer::fits(std::size_t size, const RecordExtensions& extensions) const noexcept {
  return size <= max_payload_ && stride(head_ + stride(extensions.area_size()) + size) <= limit_;
}

Status Writer::claim(std::size_t size, const RecordExtensions& given, detail::Claim& c) noexcept {
  RecordExtensions extensions = given;
  Cause cause;
  EventId event;
  TraceContext trace;
  if (causes_ && cause.find()) {
    event = cause.event();
    extensions.cause = &event;
    if (given.trace == nullptr) {
      trace = cause.trace();
      extensions.trace = &trace;
      if (!has_tracestate(given)) extensions.tracestate = cause.tracestate;
    }
    // The room is the user's: an event that leaves none names no cause.
    if (!fits(size, extensions)) extensions = given;
  }
  const std::size_t area = extensions.area_size();
  const std::size_t head = head_ + stride(area);
  Place at;
  if (const Status status = place_slowly(size, stride(head + size), at); status != Status::ok) return status;
  c = {at.record, at.record + head, size, stride(head + size), at.sequence, {}};
  if (area != 0) {
    c.flags = layout::kExtended;
    extensions.write(at.record + head_);
    SHMBUS_CRASH_POINT("publish.extended");
  }
  return Status::ok;
}

void Writer::commit(const detail::Claim& c) noexcept {
  SHMBUS_CRASH_POINT("publish.written");
  finish_record(c, static_cast<std::size_t>(c.payload - c.record) + c.size, key_);
}

/// Writes the fields before the payload. The key comes last: the block's, or its complement.
void Writer::finish_record(const detail::Claim& c, std::size_t size, std::uint64_t key) noexcept {
  if (timestamps_) write_stamp(c.record, log_->stamp());
  write_meta(c.record, RecordMeta{static_cast<std::uint32_t>(size), port_, c.flags}.word());
  SHMBUS_CRASH_POINT("publish.headed");
  if (exclusive_)
    commit_exclusive(topic_, c.record, c.stride, key);
  else
    commit_shared(c.record, key);
  if (!exclusive_ && key == key_) count_event(c.size);  // an aborted record is not an event
  // As in publish_quickly; a publisher that must order the two steps itself does so in wake.
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if ((topic_->waiters.load(std::memory_order_relaxed) | topic_->attention.load(std::memory_order_relaxed)) != 0)
    wake(c.sequence);
}

Status Writer::place_slowly(std::size_t size, std::size_t stride, Place& at) noexcept {
  if ((topic_->attention.load(std::memory_order_acquire) & layout::kTopicRemoved) != 0) return Status::closed;
  if (obstacle_ != Status::ok) return obstacle_;
  const std::size_t block_size = log_->block_size();
  if (size > log_->max_payload() || stride > limit_) return Status::too_large;
  const layout::TailFormat& format = log_->format();
  for (TailWatch watch(kStandstill);;) {
    if (block_begin_ != nullptr && place(stride, at)) return Status::ok;
    const std::uint64_t tail = exclusive_ ? tail_ : topic_->tail.load(std::memory_order_acquire);
    if (!watch.goes_on(tail)) break;
    if (!exclusive_ && block_begin_ != nullptr && watch.moved() &&
        tail - block_tail_ <= tail_room_ - stride * tail_unit_)
      continue;  // another publisher was first
    const std::size_t offset = format.offset(tail);
    if (offset > block_size || (offset < block_size && offset > limit_)) break;
    if (offset == block_size) {
      if (const Status status = rotate(tail); status != Status::ok) return status;
      continue;
    }
    if (!adopt_block(tail)) continue;
    if (stride > limit_ - offset) {
      if (exclusive_)
        seal_exclusive();
      else
        seal_shared(tail);
    }
  }
  if (exclusive_) set_obstacle(Status::corrupt);  // its tail may refer to a block that could not be adopted
  return Status::corrupt;
}

/// Adopts the block that a tail value refers to: we write to it from now on. Returns false where the value is stale.
bool Writer::adopt_block(std::uint64_t tail) noexcept {
  const std::uint64_t number = log_->whole_number(tail);
  if (number == kNone || number == 0) return false;
  Block block;
  if (log_->find(number, block) != FindResult::found) return false;
  const layout::TailFormat& format = log_->format();
  block_begin_ = log_->at(block.physical, 0);
  key_ = block.key;
  block_tail_ = format.make(number, 0, 0);
  first_sequence_ = block.first_sequence;
  entry_ = block.entry;
  slot_ = &log_->slot(number);
  claim_ = layout::ClaimWord(0, block.physical, false, 0);
  if (exclusive_) {
    cursor_ = block_begin_ + format.offset(tail);
    cursor_limit_ = block_begin_ + limit_;
    last_sequence_ = first_sequence_ + format.count(tail) - 1;
  }
  set_obstacle(obstacle_);
  return true;
}

/// A former exclusive publisher may have died after it stored the key and before it stored the tail: the end is where
/// there is no key.
void Writer::adopt_end() noexcept {
  const layout::TailFormat& format = log_->format();
  const std::size_t block_size = log_->block_size();
  tail_ = topic_->tail.load(std::memory_order_acquire);
  if (format.offset(tail_) == block_size) return;
  if (format.offset(tail_) > limit_ || !adopt_block(tail_)) {
    set_obstacle(Status::corrupt);
    return;
  }
  for (std::size_t offset = format.offset(tail_); offset <= limit_;) {
    const auto* record = reinterpret_cast<const RecordHeader*>(block_begin_ + offset);
    if (record->key.load(std::memory_order_acquire) != key_) break;
    const auto meta = RecordMeta::from(record->meta.load(std::memory_order_relaxed));  // before the key
    const std::size_t length = stride(meta.size);
    const bool padding = (meta.flags & layout::kPadding) != 0;
    const std::size_t rest = block_size - offset;
    if (meta.size < layout::kMinRecord || (padding ? length != rest : length + layout::kMinRecord > rest)) break;
    offset += length;
    tail_ = padding ? format.make(format.block(tail_), block_size, format.count(tail_)) : format.after(tail_, length);
  }
  cursor_limit_ = cursor_;  // the first claim finds its place
  SHMBUS_CRASH_POINT("adopt_end.walked");
  topic_->tail.store(tail_, std::memory_order_release);  // SYNC tail
  SHMBUS_CRASH_POINT("adopt_end.advanced");
}

void Writer::seal_exclusive() noexcept {
  const layout::TailFormat& format = log_->format();
  const std::size_t block_size = log_->block_size();
  const std::size_t offset = format.offset(tail_);
  auto* record = reinterpret_cast<RecordHeader*>(block_begin_ + offset);
  const RecordMeta meta{static_cast<std::uint32_t>(block_size - offset), port_, layout::kPadding};
  record->meta.store(meta.word(), std::memory_order_relaxed);  // published by the key
  SHMBUS_CRASH_POINT("seal.headed");
  record->key.store(key_, std::memory_order_release);  // SYNC commit
  SHMBUS_CRASH_POINT("seal.committed");
  cursor_limit_ = cursor_;
  tail_ = format.make(format.block(tail_), block_size, format.count(tail_));
  topic_->tail.store(tail_, std::memory_order_release);  // SYNC tail
  SHMBUS_CRASH_POINT("seal.advanced");
}

/// Claims the rest of the block as one padding record, like any other claim. A publisher that loses leaves it to the
/// winner.
void Writer::seal_shared(std::uint64_t tail) noexcept {
  const layout::TailFormat& format = log_->format();
  const std::size_t offset = format.offset(tail);
  const std::size_t rest = log_->block_size() - offset;
  port_words_->what.store(layout::ClaimWord(tail, layout::RingEntry(entry_).physical(), true, rest).word(),
                          std::memory_order_release);
  SHMBUS_CRASH_POINT("seal.described");
  port_words_->where.store(tail, std::memory_order_release);  // SYNC claim
  SHMBUS_CRASH_POINT("seal.claimed");
  // As in place_shared: once the claim shows, the tail's block number can't come round again; before, it may have.
  std::uint64_t expected = tail;
  if (slot_->load(std::memory_order_acquire) == entry_ &&
      topic_->tail.compare_exchange_strong(expected,
                                           format.make(format.block(tail), log_->block_size(), format.count(tail)),
                                           std::memory_order_acq_rel, std::memory_order_acquire)) {
    SHMBUS_CRASH_POINT("seal.granted");
    auto* record = reinterpret_cast<RecordHeader*>(block_begin_ + offset);
    const RecordMeta meta{static_cast<std::uint32_t>(rest), port_, layout::kPadding};
    record->meta.store(meta.word(), std::memory_order_relaxed);  // published by the key
    SHMBUS_CRASH_POINT("seal.headed");
    record->key.store(key_, std::memory_order_release);  // SYNC commit
    SHMBUS_CRASH_POINT("seal.committed");
  }
  port_words_->where.store(kNone, std::memory_order_release);  // SYNC claim
  SHMBUS_CRASH_POINT("seal.released");
}

Status Writer::rotate(std::uint64_t tail) noexcept {
  std::optional<std::uint64_t> opened;
  const Status status = open_next(*log_, tail, opened);
  if (status != Status::ok || !opened) return status;
  if (exclusive_) {
    tail_ = *opened;
    topic_->tail.store(tail_, std::memory_order_release);  // SYNC tail
  } else {
    topic_->tail.compare_exchange_strong(tail, *opened,
                                         std::memory_order_acq_rel);  // SYNC tail; lost: another one helped
  }
  SHMBUS_CRASH_POINT("rotate.advanced");
  return Status::ok;
}

PublishResult Writer::commit_loan(const detail::Claim& c, std::size_t used) noexcept {
  if (obstacle_ != Status::loan_open) return {obstacle_, 0};
  set_obstacle(Status::ok);
  detail::Claim committed = c;
  committed.size = used;
  const std::size_t head = static_cast<std::size_t>(c.payload - c.record);
  const std::size_t length = stride(head + used);
  if (exclusive_ || length == c.stride) {
    committed.stride = length;
    commit(committed);
  } else {
    // The tail has moved past the whole record: the true length is stored in its last eight bytes, which are free,
    // since strides differ by at least 8.
    const std::uint64_t true_length = used;
    std::memcpy(c.record + c.stride - sizeof true_length, &true_length, sizeof true_length);
    SHMBUS_CRASH_POINT("loan.trimmed");
    committed.flags |= layout::kTrimmed;
    finish_record(committed, c.stride, key_);
  }
  return {Status::ok, c.sequence};
}

void Writer::abort_loan(const detail::Claim& c) noexcept {
  if (obstacle_ != Status::loan_open) return;
  set_obstacle(Status::ok);
  if (exclusive_) return;  // W3: the tail has not moved
  SHMBUS_CRASH_POINT("loan.aborted");
  finish_record(c, c.stride, ~key_);
}

// Each QuickWriter is a Writer.
PublishResult QuickWriter::publish_slowly(std::span<const std::byte> payload) noexcept {
  return static_cast<Writer*>(this)->publish_claimed(payload, {});
}

PublishResult QuickWriter::wake(std::uint64_t sequence) noexcept {
  static_cast<Writer*>(this)->log_->wake_subscribers();
  return {Status::ok, sequence};
}

}  // namespace shmbus::log
