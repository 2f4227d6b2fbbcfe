#include "journal/frame_scan.hpp"

#include <algorithm>
#include <cstring>

#include "journal/frame.hpp"

namespace shmbus::journal {

namespace {

constexpr std::size_t kScanWindow = std::size_t{1} << 20;
constexpr std::size_t kHeadWindow = std::size_t{16} << 10;

/// How many words of zeros the bytes begin with, in bytes. An end that is shorter than a word counts as one.
std::size_t leading_zeros(std::span<const std::byte> bytes) noexcept {
  static constexpr std::byte kZeros[4096]{};
  std::size_t zeros = 0;
  while (bytes.size() - zeros >= sizeof kZeros && std::memcmp(bytes.data() + zeros, kZeros, sizeof kZeros) == 0) {
    zeros += sizeof kZeros;
  }
  while (zeros < bytes.size()) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + zeros, std::min<std::size_t>(sizeof word, bytes.size() - zeros));
    if (word != 0) break;
    zeros += sizeof word;
  }
  return zeros;
}

}  // namespace

FrameScan::FrameScan(StoredFile& file, std::uint64_t seed, std::uint64_t offset, std::uint64_t size, bool heads_only)
    : file_(&file), seed_(seed), size_(size), heads_only_(heads_only), offset_(offset), next_(offset) {}

bool FrameScan::load(std::uint64_t offset, std::size_t bytes) {
  const std::uint64_t window_end = window_offset_ + window_size_;
  if (offset >= window_offset_ && offset + bytes <= window_end) return true;
  const std::size_t wish = std::max(bytes, heads_only_ ? kHeadWindow : kScanWindow);
  const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(wish, size_ - std::min(size_, offset)));
  // What was read of a frame is not read again.
  std::size_t kept = 0;
  if (offset >= window_offset_ && offset < window_end) {
    kept = static_cast<std::size_t>(std::min<std::uint64_t>(window_end - offset, size));
    std::memmove(window_.data(), window_.data() + (offset - window_offset_), kept);
  }
  if (window_.size() < size) window_.resize(size);
  window_offset_ = offset;
  window_size_ = kept;
  std::size_t count = 0;
  error_ = file_->read(offset + kept, std::span(window_).subspan(kept, size - kept), count);
  window_size_ += count;
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
  if (!data_end_known_) {
    if ((error_ = file_->data_end(offset_, data_end_)) != 0) return Found::failed;
    data_end_known_ = true;
  }
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
  while (place < size_) {
    if (place >= data_end_) {
      place = size_;
      break;
    }
    if (!load(place, static_cast<std::size_t>(std::min<std::uint64_t>(sizeof(FrameHeader), size_ - place)))) {
      return Found::failed;
    }
    const auto bytes = at(place);
    if (bytes.empty()) break;                                          // the file was cut short a moment ago
    if (const std::size_t zeros = leading_zeros(bytes); zeros != 0) {  // no header begins with zeros: F1
      place += zeros;
      continue;
    }
    FrameHeader header;
    if (place != offset_ && bytes.size() >= sizeof(FrameHeader) &&
        load_frame_header(bytes.first<sizeof(FrameHeader)>(), seed_, place, header)) {
      break;
    }
    place += 8;
    content_end_ = std::min(place, size_);
  }
  next_ = std::min(place, size_);
  return Found::garbage;
}

}  // namespace shmbus::journal
