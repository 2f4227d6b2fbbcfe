#include "inspect/record_walk.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "layout/extension_area.hpp"

namespace shmbus::detail {

using layout::kMinRecord;

std::optional<EventRecord> CopiedRecord::parts(const log::BlockLog& log) const noexcept {
  EventRecord event;
  std::size_t head = log.record_header();
  if ((meta.flags & layout::kExtended) != 0) {
    std::uint32_t area = 0;
    if (meta.size < head + sizeof(layout::ExtensionAreaHead) || bytes.size() < head + sizeof area) return std::nullopt;
    std::memcpy(&area, bytes.data() + head, sizeof area);
    if (!layout::extension_area_fits(area, meta.size - head)) return std::nullopt;
    event.extensions = bytes.data() + head;
    head += log.stride(area);
  }
  if (meta.size < head || bytes.size() < head) return std::nullopt;
  event.payload = bytes.data() + head;
  event.size = meta.size - head;
  if ((meta.flags & layout::kTrimmed) != 0) {
    if (last_word > event.size) return std::nullopt;
    event.size = last_word;
  }
  event.sequence = sequence;
  event.stamp = stamp;
  event.port = meta.port;
  return event;
}

void RecordWalk::enter(const log::Block& block, std::uint64_t offset, std::uint64_t sequence) noexcept {
  block_ = block;
  offset_ = offset;
  sequence_ = sequence;
  copied_ = part_ = used_ = 0;
}

bool RecordWalk::still_linked() const noexcept {
  std::atomic_thread_fence(std::memory_order_acquire);  // C2
  return log_->slot(block_.number).load(std::memory_order_acquire) == block_.entry;
}

void RecordWalk::release() noexcept {
  bytes_.reset();
  capacity_ = copied_ = part_ = used_ = 0;
}

std::byte* RecordWalk::reserve(std::size_t bytes) {
  if (bytes > capacity_) {
    bytes_ = std::make_unique_for_overwrite<std::byte[]>(bytes);
    capacity_ = bytes;
  }
  return bytes_.get();
}

/// Returns how many bytes of the block are finished records, as far as the copy shows; the last one of them may reach
/// beyond the copy if it is not an event.
std::size_t RecordWalk::finished_part(std::size_t copied, RecordHead& stopped_at) const noexcept {
  std::size_t part = 0;
  while (part + kMinRecord <= copied) {
    stopped_at = judge_head(*log_, block_, offset_ + part, bytes_.get() + part);
    if (!stopped_at.finished() || (stopped_at.kind == RecordHead::Kind::event && stopped_at.stride > copied - part)) break;
    part += stopped_at.stride;
  }
  return part;
}

RecordWalk::Fill RecordWalk::fill(const platform::SegmentFile& file, std::size_t most, std::size_t max_payload,
                                  std::uint64_t end) {
  copied_ = part_ = used_ = 0;
  long_ = false;
  end = std::min<std::uint64_t>(end, log_->block_size());
  if (offset_ + kMinRecord > log_->block_size()) return Fill::block_end;
  if (offset_ + kMinRecord > end) return still_linked() ? Fill::unfinished : Fill::gone;
  const std::uint64_t at = block_.physical * std::uint64_t{log_->block_size()} + offset_;
  const std::size_t wanted = std::min<std::size_t>(std::max(most, log_->record_header()), end - offset_);
  std::byte* bytes = reserve(wanted);
  if (file.read(at, bytes, wanted) != wanted) return Fill::cut_short;
  RecordHead stopped_at;
  std::size_t part = finished_part(wanted, stopped_at);
  if (part == 0 && stopped_at.kind == RecordHead::Kind::unfinished)
    return still_linked() ? Fill::unfinished : Fill::gone;
  if (part == 0 && stopped_at.kind == RecordHead::Kind::event) return fill_long(file, at, stopped_at, max_payload);

  std::atomic_thread_fence(std::memory_order_acquire);  // C1: SYNC commit, pairs with the keys of the first read
  if (part == 0) {  // a size that can't be; or its key was copied, and a size of before
    if (file.read(at, bytes, kMinRecord) != kMinRecord) return Fill::cut_short;
    stopped_at = judge_head(*log_, block_, offset_, bytes);
    if (!still_linked()) return Fill::gone;
    return stopped_at.kind == RecordHead::Kind::corrupt ? Fill::corrupt : Fill::copied;  // of the latter, the next fill has more
  }
  const std::size_t copied = std::min(part, wanted);
  if (file.read(at, bytes, copied) != copied) return Fill::cut_short;
  return copied_or_gone(copied, part);
}

/// Copies one record that is longer than a piece: without the end of its payload, as far as that is not wanted.
RecordWalk::Fill RecordWalk::fill_long(const platform::SegmentFile& file, std::uint64_t at, const RecordHead& head,
                                       std::size_t max_payload) {
  std::atomic_thread_fence(std::memory_order_acquire);  // C1: SYNC commit
  std::size_t begin = log_->record_header();
  if ((head.meta.flags & layout::kExtended) != 0) {
    std::uint32_t area = 0;
    if (file.read(at + begin, &area, sizeof area) != sizeof area) return Fill::cut_short;
    begin += std::max<std::size_t>(sizeof area, log_->stride(area));
  }
  const std::size_t wanted = begin < head.stride ? begin + std::min(max_payload, head.stride - begin) : head.stride;
  std::uint64_t last_word = 0;
  if (file.read(at, reserve(wanted), wanted) != wanted ||
      file.read(at + head.stride - sizeof last_word, &last_word, sizeof last_word) != sizeof last_word)
    return Fill::cut_short;
  long_ = true;
  long_last_word_ = last_word;
  return copied_or_gone(wanted, head.stride);
}

RecordWalk::Fill RecordWalk::copied_or_gone(std::size_t bytes, std::size_t part) noexcept {
  if (!still_linked()) return Fill::gone;
  copied_ = bytes;
  part_ = part;
  return Fill::copied;
}

const CopiedRecord* RecordWalk::next() noexcept {
  while (used_ < part_ && used_ + kMinRecord <= copied_) {
    const std::byte* begin = bytes_.get() + used_;
    const RecordHead head = judge_head(*log_, block_, offset_, begin);
    const std::size_t size = std::min(head.stride, copied_ - used_);
    // C3: somebody scribbled between the two reads. The next `fill` judges that.
    if (!head.finished() || (long_ ? head.stride != part_ : head.kind == RecordHead::Kind::event && size != head.stride)) break;
    record_.offset = offset_;
    record_.sequence = sequence_;
    offset_ += head.stride;
    sequence_ += head.sequences;
    used_ += size;
    if (head.kind != RecordHead::Kind::event || size < log_->record_header()) continue;
    record_.meta = head.meta;
    record_.bytes = {begin, size};
    if (log_->timestamps()) std::memcpy(&record_.stamp, begin + kMinRecord, sizeof record_.stamp);
    if (long_)
      record_.last_word = long_last_word_;
    else
      std::memcpy(&record_.last_word, begin + size - sizeof record_.last_word, sizeof record_.last_word);
    return &record_;
  }
  used_ = part_;
  return nullptr;
}

}  // namespace shmbus::detail
