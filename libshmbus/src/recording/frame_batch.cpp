#include "recording/frame_batch.hpp"

#include <algorithm>
#include <cstring>

#include "layout/constants.hpp"
#include "shmbus/detail/record_words.hpp"

namespace shmbus::recording {

FrameBatch::FrameBatch(const layout::Geometry& geometry, bool timestamps, std::size_t room)
    : head_(geometry.record_header), align_mask_(geometry.alignment - 1), room_(room), timestamps_(timestamps) {}

void FrameBatch::clear() noexcept {
  used_ = 0;
  pieces_.clear();
}

/// The buffer only grows: what is behind the records of an earlier batch is written again before it is used.
std::byte* FrameBatch::grow(std::size_t bytes) {
  if (used_ + bytes > buffer_.size()) buffer_.resize(std::max(used_ + bytes, 2 * buffer_.size()));
  std::byte* const at = buffer_.data() + used_;
  used_ += bytes;
  return at;
}

void FrameBatch::add(const detail::EventRecord& record, std::int64_t time, std::uint64_t missing) {
  if (pieces_.empty() || missing != 0) {
    grow(room_);
    pieces_.push_back({used_, used_, missing, 0, record.sequence, record.sequence, time, time});
  }
  const std::size_t area =
      record.extensions != nullptr ? static_cast<std::size_t>(record.payload - record.extensions) : 0;
  const std::size_t size = head_ + area + record.size;
  const std::size_t stride = (size + align_mask_) & ~align_mask_;
  std::byte* const at = grow(stride);
  std::memset(at + size, 0, stride - size);
  std::memset(at, 0, head_);
  const std::uint64_t meta = layout::RecordMeta{
      static_cast<std::uint32_t>(size), record.port,
      area != 0
          ? std::uint16_t{layout::kExtended}
          : std::uint16_t{0}}.word();
  std::memcpy(at, &record.sequence, sizeof record.sequence);
  std::memcpy(at + sizeof record.sequence, &meta, sizeof meta);
  if (timestamps_) std::memcpy(at + layout::kMinRecord, &time, sizeof time);
  if (area != 0) std::memcpy(at + head_, record.extensions, area);
  if (record.size != 0) std::memcpy(at + head_ + area, record.payload, record.size);
  Piece& piece = pieces_.back();
  piece.end = used_;
  piece.last = record.sequence;
  piece.last_time = std::max(piece.last_time, time);
  ++piece.events;
}

}  // namespace shmbus::recording
