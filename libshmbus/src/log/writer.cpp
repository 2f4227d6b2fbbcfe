#include "shmbus/log/writer.hpp"

#include <optional>

#include "log/rotation.hpp"
#include "shmbus/platform/crash_point.hpp"

namespace shmbus::log {

using layout::RecordHeader;
using layout::RecordMeta;

namespace {

// Far beyond what contention can cause: only broken bytes get here.
constexpr int kBound = 1 << 16;      // rounds of a claim
constexpr int kSameTailBound = 256;  // and those in which nobody moved the tail

}  // namespace

Writer::Writer(BlockLog& log, unsigned port)
    : log_(&log),
      claim_port_(&log.publisher(port)),
      block_size_(log.exclusive() ? log.block_size() : 0),
      port_(static_cast<std::uint16_t>(port)),
      exclusive_(log.exclusive()) {
  if (exclusive_) adopt_end();
}

Status Writer::claim_slowly(Claim& c) noexcept {
  if ((log_->header().attention.load(std::memory_order_acquire) & layout::kTopicRemoved) != 0) return Status::closed;
  if (obstacle_ != Status::ok) return obstacle_;
  const std::size_t block_size = log_->block_size();
  if (c.size > log_->max_payload() || c.stride + layout::kMinRecord > block_size) return Status::too_large;
  const layout::TailFormat& format = log_->format();
  std::uint64_t last_tail = kNone;
  for (int i = 0, same = 0; i < kBound && same < kSameTailBound; ++i) {
    const std::uint64_t tail = exclusive_ ? tail_ : log_->tail().load(std::memory_order_acquire);
    same = tail == last_tail ? same + 1 : 0;
    last_tail = tail;
    const std::size_t offset = format.offset(tail);
    if (offset > block_size || (offset < block_size && block_size - offset < layout::kMinRecord)) break;
    if (offset == block_size) {
      if (const Status status = rotate(tail); status != Status::ok) {
        if (!exclusive_)
          claim_port_->where.store(kNone, std::memory_order_release);  // a claim that lost may still stand there
        SHMBUS_CRASH_POINT("publish.refused");
        return status;
      }
      continue;
    }
    if (!adopt_block(tail)) continue;
    if (c.stride + layout::kMinRecord > block_size - offset) {
      if (exclusive_)
        seal_exclusive();
      else
        seal_shared(tail);
      continue;
    }
    if (exclusive_ ? claim_exclusive(c) : claim_shared(c)) return Status::ok;
  }
  claim_port_->where.store(kNone, std::memory_order_release);
  if (exclusive_) obstacle_ = Status::corrupt;  // its tail may speak of a block that could not be adopted
  return Status::corrupt;
}

/// Makes the block that a tail value speaks of the one we write to. False: the value is stale.
bool Writer::adopt_block(std::uint64_t tail) noexcept {
  const std::uint64_t number = log_->whole_number(tail);
  if (number == kNone || number == 0) return false;
  Block block;
  if (log_->find(number, block) != Look::found) return false;
  block_ = block;
  block_begin_ = log_->at(block.physical, 0);
  block_size_ = log_->block_size();
  return true;
}

/// A former exclusive publisher may have died between the key and the tail: the end is where no key stands.
void Writer::adopt_end() noexcept {
  const layout::TailFormat& format = log_->format();
  tail_ = log_->tail().load(std::memory_order_acquire);
  if (format.offset(tail_) == block_size_) return;
  if (format.offset(tail_) + layout::kMinRecord > block_size_ || !adopt_block(tail_)) {
    obstacle_ = Status::corrupt;
    return;
  }
  for (std::size_t offset = format.offset(tail_); offset + layout::kMinRecord <= block_size_;) {
    const auto* record = reinterpret_cast<const RecordHeader*>(block_begin_ + offset);
    if (record->key.load(std::memory_order_acquire) != block_.key) break;
    const auto meta = RecordMeta::from(record->meta.load(std::memory_order_relaxed));  // before the key
    const std::size_t stride = log_->stride(meta.size);
    const bool padding = (meta.flags & layout::kPadding) != 0;
    const std::size_t rest = block_size_ - offset;
    if (meta.size < layout::kMinRecord || (padding ? stride != rest : stride + layout::kMinRecord > rest)) break;
    offset += stride;
    tail_ = padding ? format.make(format.block(tail_), block_size_, format.count(tail_)) : format.after(tail_, stride);
  }
  SHMBUS_CRASH_POINT("adopt_end.walked");
  log_->tail().store(tail_, std::memory_order_release);  // SYNC tail
  SHMBUS_CRASH_POINT("adopt_end.advanced");
}

void Writer::seal_exclusive() noexcept {
  const layout::TailFormat& format = log_->format();
  const std::size_t offset = format.offset(tail_);
  auto* record = reinterpret_cast<RecordHeader*>(block_begin_ + offset);
  const RecordMeta meta{static_cast<std::uint32_t>(block_size_ - offset), port_, layout::kPadding};
  record->meta.store(meta.word(), std::memory_order_relaxed);  // published by the key
  SHMBUS_CRASH_POINT("seal.headed");
  record->key.store(block_.key, std::memory_order_release);  // SYNC commit
  SHMBUS_CRASH_POINT("seal.committed");
  tail_ = format.make(format.block(tail_), block_size_, format.count(tail_));
  log_->tail().store(tail_, std::memory_order_release);  // SYNC tail
  SHMBUS_CRASH_POINT("seal.advanced");
}

/// Claims the rest of the block as one padding record, like any other claim. Whoever loses lets the winner do it.
void Writer::seal_shared(std::uint64_t tail) noexcept {
  const layout::TailFormat& format = log_->format();
  const std::size_t offset = format.offset(tail);
  const std::size_t rest = block_size_ - offset;
  claim_port_->where.store(kNone, std::memory_order_release);  // W1, as in claim_shared
  claim_port_->what.store(layout::ClaimWord(tail, block_.physical, true, rest).word(), std::memory_order_release);
  SHMBUS_CRASH_POINT("seal.described");
  claim_port_->where.store(tail, std::memory_order_release);  // SYNC claim
  SHMBUS_CRASH_POINT("seal.claimed");
  std::uint64_t expected = tail;
  if (log_->tail().compare_exchange_strong(expected, format.make(format.block(tail), block_size_, format.count(tail)),
                                           std::memory_order_acq_rel, std::memory_order_acquire)) {
    SHMBUS_CRASH_POINT("seal.granted");
    auto* record = reinterpret_cast<RecordHeader*>(block_begin_ + offset);
    const RecordMeta meta{static_cast<std::uint32_t>(rest), port_, layout::kPadding};
    record->meta.store(meta.word(), std::memory_order_relaxed);  // published by the key
    SHMBUS_CRASH_POINT("seal.headed");
    record->key.store(block_.key, std::memory_order_release);  // SYNC commit
    SHMBUS_CRASH_POINT("seal.committed");
  }
  claim_port_->where.store(kNone, std::memory_order_release);  // SYNC claim
  SHMBUS_CRASH_POINT("seal.released");
}

Status Writer::rotate(std::uint64_t tail) noexcept {
  std::optional<std::uint64_t> opened;
  // Our own claim must not stand in the way: it bears the sealed block's number at most, but a claim that lost long ago
  // may not.
  if (!exclusive_) claim_port_->where.store(kNone, std::memory_order_release);
  const Status status = open_next(*log_, tail, opened);
  if (status != Status::ok || !opened) return status;
  if (exclusive_) {
    tail_ = *opened;
    log_->tail().store(tail_, std::memory_order_release);  // SYNC tail
  } else {
    log_->tail().compare_exchange_strong(tail, *opened, std::memory_order_acq_rel);  // SYNC tail; lost: somebody helped
  }
  SHMBUS_CRASH_POINT("rotate.advanced");
  return Status::ok;
}

PublishResult Writer::commit_loan(const Claim& c, std::size_t used) noexcept {
  if (obstacle_ != Status::loan_open) return {obstacle_, 0};
  obstacle_ = Status::ok;
  Claim committed = c;
  committed.size = used;
  const std::size_t head = static_cast<std::size_t>(c.payload - c.record);
  const std::size_t stride = log_->stride(head + used);
  if (exclusive_ || stride == c.stride) {
    committed.stride = stride;
    commit(committed);
  } else {
    // The tail has moved past all of it: the true length goes to the last eight bytes, which are free, since strides
    // differ by 8.
    const std::uint64_t length = used;
    std::memcpy(c.record + c.stride - sizeof length, &length, sizeof length);
    SHMBUS_CRASH_POINT("loan.trimmed");
    committed.flags |= layout::kTrimmed;
    write_header(committed, static_cast<std::uint32_t>(c.stride));
    finish(committed, block_.key);
  }
  return {Status::ok, c.sequence};
}

void Writer::abort_loan(const Claim& c) noexcept {
  if (obstacle_ != Status::loan_open) return;
  obstacle_ = Status::ok;
  if (exclusive_) return;  // W3: the tail has not moved
  write_header(c, static_cast<std::uint32_t>(c.stride));
  SHMBUS_CRASH_POINT("loan.aborted");
  finish(c, ~block_.key);
}

}  // namespace shmbus::log
