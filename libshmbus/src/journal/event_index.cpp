#include "journal/event_index.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "journal/checksum.hpp"
#include "journal/file_names.hpp"

namespace shmbus::journal {

void EventIndex::clear(std::int64_t greatest) noexcept {
  end_ = kFileHeader;
  last_ = 0;
  greatest_ = greatest;
  entries_.clear();
}

void EventIndex::add(const FrameHeader& frame, std::uint64_t offset) {
  if (frame.flags == kEventsFrame) {
    if (entries_.empty() || offset - entries_.back().offset >= spacing_) {
      entries_.push_back({frame.first, offset, greatest_});
    }
    greatest_ = std::max(greatest_, frame.last_time);
  }
  if (frame.numbers != 0) last_ = frame.last();
  end_ = offset + frame.size();
}

std::uint64_t EventIndex::offset_for_number(std::uint64_t number) const noexcept {
  const auto later = std::upper_bound(entries_.begin(), entries_.end(), number,
                                      [](std::uint64_t n, const IndexEntry& entry) { return n < entry.first; });
  return later == entries_.begin() ? kFileHeader : std::prev(later)->offset;
}

std::uint64_t EventIndex::offset_for_time(std::int64_t ns) const noexcept {
  const auto late = std::lower_bound(entries_.begin(), entries_.end(), ns,
                                     [](const IndexEntry& entry, std::int64_t time) { return entry.greatest < time; });
  return late == entries_.begin() ? kFileHeader : std::prev(late)->offset;
}

int EventIndex::write(Storage& storage, std::uint64_t first, std::uint64_t seed) const {
  IndexHead head{};
  head.magic = kIndexMagic;
  head.version = kJournalVersion;
  head.seed = seed;
  head.end = end_;
  head.entries = entries_.size();
  head.greatest = greatest_;
  head.last = last_;
  std::vector<std::byte> bytes(sizeof head + entries_.size() * sizeof(IndexEntry));
  std::memcpy(bytes.data(), &head, sizeof head);
  if (!entries_.empty()) {
    std::memcpy(bytes.data() + sizeof head, entries_.data(), entries_.size() * sizeof(IndexEntry));
  }
  head.checksum = checksum(bytes, seed);
  std::memcpy(bytes.data(), &head, sizeof head);

  const std::string name = index_name(first);
  if (const int error = storage.unlink(name); error != 0 && error != ENOENT) return error;
  std::unique_ptr<StoredFile> file;
  if (const int error = storage.create(name, file)) return error;
  return file->write(0, bytes);
}

int EventIndex::read(Storage& storage, std::uint64_t first, std::uint64_t seed, std::uint64_t size) {
  std::unique_ptr<StoredFile> file;
  if (const int error = storage.open(index_name(first), Use::read, file)) return error;
  IndexHead head;
  std::size_t count = 0;
  if (const int error = file->read(0, std::as_writable_bytes(std::span(&head, 1)), count)) return error;
  if (count != sizeof head || head.magic != kIndexMagic || head.version != kJournalVersion || head.seed != seed) {
    return EBADMSG;
  }
  // A frame takes 64 bytes at least, which bounds the entries and the memory for them.
  if (head.end < kFileHeader || head.end > size || head.entries > (head.end - kFileHeader) / sizeof(FrameHeader)) {
    return EBADMSG;
  }
  std::vector<std::byte> bytes(sizeof head + head.entries * sizeof(IndexEntry));
  if (const int error = file->read(0, bytes, count)) return error;
  if (count != bytes.size()) return EBADMSG;
  std::memcpy(&head, bytes.data(), sizeof head);
  const std::uint64_t sum = head.checksum;
  const std::uint64_t entries = (bytes.size() - sizeof head) / sizeof(IndexEntry);
  head.checksum = 0;
  std::memcpy(bytes.data(), &head, sizeof head);
  if (checksum(bytes, seed) != sum || head.entries != entries || head.end > size) return EBADMSG;
  std::vector<IndexEntry> read(entries);
  if (entries != 0) std::memcpy(read.data(), bytes.data() + sizeof head, entries * sizeof(IndexEntry));
  std::uint64_t before = kFileHeader;
  for (const IndexEntry& entry : read) {
    if (entry.offset < before || entry.offset >= head.end || entry.offset % 8 != 0) return EBADMSG;
    before = entry.offset + sizeof(FrameHeader);
  }
  entries_ = std::move(read);
  end_ = head.end;
  last_ = head.last;
  greatest_ = head.greatest;
  return 0;
}

}  // namespace shmbus::journal
