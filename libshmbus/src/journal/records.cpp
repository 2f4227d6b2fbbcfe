#include "journal/records.hpp"

#include <cstring>

#include "layout/extension_area.hpp"
#include "shmbus/detail/record_words.hpp"

namespace shmbus::journal {

namespace {

template <class T>
T load_at(std::span<const std::byte> bytes, std::size_t offset) noexcept {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

constexpr std::size_t aligned(std::size_t size, std::uint32_t alignment) noexcept {
  return (size + alignment - 1) & ~(std::size_t{alignment} - 1);
}

}  // namespace

bool RecordWalk::next(StoredRecord& record) noexcept {
  if (rest_.empty() || !valid_) return false;
  valid_ = false;
  if (rest_.size() < record_header_) return false;
  const auto meta = layout::RecordMeta::from(load_at<std::uint64_t>(rest_, 8));
  const std::size_t stride = aligned(meta.size, alignment_);
  if (meta.size < record_header_ || stride > rest_.size() || (meta.flags & layout::kPadding) != 0) return false;
  record.sequence = load_at<std::uint64_t>(rest_, 0);
  if (record.sequence <= last_) return false;
  record.port = meta.port;
  record.flags = meta.flags;
  record.time = timestamps_ ? load_at<std::int64_t>(rest_, sizeof(layout::RecordHeader)) : 0;
  std::size_t begin = record_header_;
  record.extensions = {};
  if ((meta.flags & layout::kExtended) != 0) {
    const std::size_t room = meta.size - begin;
    if (room < sizeof(layout::ExtensionAreaHead)) return false;
    const auto size = load_at<std::uint32_t>(rest_, begin);
    if (!layout::extension_area_fits(size, room)) return false;
    record.extensions = rest_.subspan(begin, size);
    begin = aligned(begin + size, alignment_);
    if (begin > meta.size) return false;
  }
  std::size_t size = meta.size - begin;
  if ((meta.flags & layout::kTrimmed) != 0) {
    const auto length = load_at<std::uint64_t>(rest_, stride - sizeof(std::uint64_t));
    if (length > size) return false;
    size = static_cast<std::size_t>(length);
  }
  record.payload = rest_.subspan(begin, size);
  rest_ = rest_.subspan(stride);
  last_ = record.sequence;
  valid_ = true;
  return true;
}

bool records_are_valid(std::span<const std::byte> body, const FrameHeader& header,
                       const Description& description) noexcept {
  RecordWalk walk(body, description);
  StoredRecord record;
  std::uint32_t events = 0;
  while (walk.next(record)) {
    if (events == 0 && record.sequence != header.first) return false;
    if (events == header.events) return false;
    ++events;
  }
  return walk.valid() && events == header.events && (events == 0 || record.sequence == header.last());
}

}  // namespace shmbus::journal
