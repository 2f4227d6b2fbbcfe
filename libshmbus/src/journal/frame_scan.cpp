#include "journal/frame_scan.hpp"

#include <algorithm>
#include <cstring>

#include "journal/frame.hpp"

namespace shmbus::journal {

namespace {

constexpr std::size_t kScanWindow = std::size_t{1} << 20;
constexpr std::size_t kHeadWindow = std::size_t{16} << 10;

}  // namespace

FrameScan::FrameScan(StoredFile& file, std::uint64_t seed, std::uint64_t offset, std::uint64_t size, bool heads_only)
    : file_(&file), seed_(seed), size_(size), heads_only_(heads_only), offset_(offset), next_(offset) {}

bool FrameScan::load(std::uint64_t offset, std::size_t bytes) {
  if (offset >= window_offset_ && offset + bytes <= window_offset_ + window_size_) return true;
  const std::size_t wish = std::max(bytes, heads_only_ ? kHeadWindow : kScanWindow);
  const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(wish, size_ - std::min(size_, offset)));
  if (window_.size() < size) window_.resize(size);
  window_offset_ = offset;
  window_size_ = 0;
  error_ = file_->read(offset, std::span(window_).first(size), window_size_);
  return error_ == 0;
}

std::span<const std::byte> FrameScan::at(std::uint64_t offset) const noexcept {
  if (offset < window_offset_ || offset >= window_offset_ + window_size_) return {};
  return std::span(window_).first(window_size_).subspan(static_cast<std::size_t>(offset - window_offset_));
}

FrameScan::Found FrameScan::next() {
  offset_ = next_;
  body_ = {};
  if (offset_ >= size_) return Found::end;
  if (!load(offset_, sizeof(FrameHeader))) return Found::failed;
  const auto bytes = at(offset_);
  if (bytes.size() < sizeof(FrameHeader) ||
      !load_frame_header(bytes.first<sizeof(FrameHeader)>(), seed_, offset_, header_)) {
    return find_next();
  }
  if (header_.size() > size_ - offset_) {  // cut short, or never written as a whole
    next_ = size_;
    return Found::damaged;
  }
  next_ = offset_ + header_.size();
  if (heads_only_) return Found::frame;
  if (!load(offset_, static_cast<std::size_t>(header_.size()))) return Found::failed;
  const auto whole = at(offset_);
  if (whole.size() < header_.size()) return Found::damaged;  // the file was cut short a moment ago
  const auto frame = whole.first(static_cast<std::size_t>(header_.size()));
  if (!frame_is_valid(frame, header_, seed_, offset_)) return Found::damaged;
  body_ = frame.subspan(sizeof(FrameHeader));
  return Found::frame;
}

FrameScan::Found FrameScan::find_next() {
  content_end_ = offset_;
  std::uint64_t place = offset_;
  for (; place < size_; place += 8) {
    if (!load(place, static_cast<std::size_t>(std::min<std::uint64_t>(sizeof(FrameHeader), size_ - place)))) {
      return Found::failed;
    }
    const auto bytes = at(place);
    if (bytes.empty()) break;  // the file was cut short a moment ago
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), std::min<std::size_t>(8, bytes.size()));
    if (word == 0) continue;  // no header begins with zeros: F1
    FrameHeader header;
    if (place != offset_ && bytes.size() >= sizeof(FrameHeader) &&
        load_frame_header(bytes.first<sizeof(FrameHeader)>(), seed_, place, header)) {
      break;
    }
    content_end_ = std::min(place + 8, size_);
  }
  next_ = std::min(place, size_);
  return Found::garbage;
}

}  // namespace shmbus::journal
