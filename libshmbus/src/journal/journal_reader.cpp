#include "journal/journal_reader.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "journal/file_names.hpp"
#include "journal/frame.hpp"
#include "journal/frame_scan.hpp"
#include "journal/records.hpp"

namespace shmbus::journal {

namespace {

/// Small frames are read many at a time.
constexpr std::size_t kReadAhead = std::size_t{64} << 10;
/// Of large ones only the header is.
constexpr std::size_t kHeaderAhead = std::size_t{4} << 10;

}  // namespace

std::unique_ptr<JournalReader> JournalReader::open(Storage& storage) {
  std::unique_ptr<JournalReader> reader(new JournalReader(storage));
  const std::string object = "the journal in " + storage.path();
  HeadContent topic;
  int error = read_topic(storage, topic);
  if (const int listed = reader->refresh()) throw storage_error(listed, object, "its files listed");
  if (error == ENOENT && reader->firsts_.empty()) {
    throw Error(ErrorCode::not_found, {object, "", "does not exist", "see what there is with 'shmbus journal ls'"});
  }
  // The newest header that can be read says the same.
  for (auto first = reader->firsts_.rbegin(); (error == EBADMSG || error == ENOENT) && first != reader->firsts_.rend();
       ++first) {
    std::unique_ptr<StoredFile> file;
    error = open_events(storage, *first, Use::read, file, topic);
  }
  if (error == EPROTONOSUPPORT) {
    throw Error(ErrorCode::incompatible, {object, "version " + std::to_string(kJournalVersion), "another version",
                                          "use the version that wrote it"});
  }
  if (error != 0) throw storage_error(error, object, "its file 'topic'");
  reader->description_ = std::move(topic.description);
  if (const int placed = reader->seek_oldest()) throw storage_error(placed, object, "its files listed");
  return reader;
}

int JournalReader::fail(int error, std::string what) {
  failure_ = {error, std::move(what)};
  return error;
}

int JournalReader::refresh() {
  const int error = list_events(*storage_, firsts_);
  return error == 0 ? 0 : fail(error, "listing " + storage_->path());
}

std::optional<std::uint64_t> JournalReader::listed_after(std::uint64_t first) const noexcept {
  const auto later = std::upper_bound(firsts_.begin(), firsts_.end(), first);
  return later == firsts_.end() ? std::nullopt : std::optional(*later);
}

bool JournalReader::is_listed(std::uint64_t first) const noexcept {
  return std::binary_search(firsts_.begin(), firsts_.end(), first);
}

int JournalReader::open_file(std::uint64_t first, OpenFile& file) {
  int error = open_events(*storage_, first, Use::read, file.file, file.head);
  if (error == 0) error = file.file->size(file.size);
  return error;
}

/// Opens a segment file, and stands before its first frame, or before one from which the walk to `position_` is short.
int JournalReader::enter(std::uint64_t first) {
  current_ = {};
  OpenFile file;
  if (const int error = open_file(first, file)) return error;
  bound_.reset();
  searched_limit_.reset();
  ahead_size_ = 0;
  damage_before_ = false;
  offset_ = kFileHeader;
  if (position_ > file.head.first) {
    EventIndex index;
    if (index.read(*storage_, first, file.head.seed, file.size) == 0) offset_ = index.offset_for_number(position_);
  }
  current_ = std::move(file);
  return 0;
}

/// Enters a file, or the first one behind it whose header can be read.
int JournalReader::enter_from(std::uint64_t first) {
  for (;;) {
    const int error = enter(first);
    if (error == 0) return find_bound();
    if (error != EBADMSG) return error;
    const auto next = listed_after(first);
    if (!next) return error;
    before_ = Stretch::damaged;
    first = *next;
  }
}

/// Opens the file in which `position_` is or would be. Without any file, `current_` stays empty.
int JournalReader::place() {
  before_ = Stretch::removed;
  for (int tries = 0;; ++tries) {
    if (const int error = refresh()) return error;
    if (firsts_.empty()) return 0;
    const auto later = std::upper_bound(firsts_.begin(), firsts_.end(), position_);
    const std::uint64_t first = later == firsts_.begin() ? *later : *std::prev(later);
    const int error = enter_from(first);
    if (error == 0) return 0;
    current_ = {};
    if (error != ENOENT || tries == kVanishTries) return fail(error, "opening " + events_name(first));
  }
}

/// Learns up to which number the frames of the open file count, where a later file is listed.
int JournalReader::find_bound() {
  const auto next = listed_after(current_.head.first);
  if (!next || bound_) return 0;
  OpenFile later;
  const int error = open_file(*next, later);
  if (error == 0) bound_ = later.head.preceding;
  if (error == EBADMSG) bound_ = *next - 1;
  return error == EBADMSG ? 0 : error;
}

/// A recorder that gave up a file of which no frame counts makes another one of the same name.
bool JournalReader::was_replaced() {
  OpenFile named;
  return open_file(current_.head.first, named) == 0 && named.head.seed != current_.head.seed;
}

int JournalReader::read_ahead(std::uint64_t offset, std::span<std::byte> to, std::size_t& count) {
  if (offset < ahead_offset_ || offset + to.size() > ahead_offset_ + ahead_size_) {
    if (ahead_.empty()) ahead_.resize(kReadAhead);
    ahead_offset_ = offset;
    ahead_size_ = 0;
    const auto room = std::span(ahead_).first(std::max(to.size(), large_frames_ ? kHeaderAhead : kReadAhead));
    if (const int error = current_.file->read(offset, room, ahead_size_)) {
      ahead_size_ = 0;
      return fail(error, "reading " + events_name(current_.head.first));
    }
  }
  const std::size_t skipped = static_cast<std::size_t>(offset - ahead_offset_);
  count = std::min(to.size(), ahead_size_ - std::min(ahead_size_, skipped));
  if (count != 0) std::memcpy(to.data(), ahead_.data() + skipped, count);
  return 0;
}

/// Loads the header at `offset_`. What was read ahead may be older than what is there now.
int JournalReader::load_header(FrameHeader& header, bool& found) {
  found = false;
  for (int tries = 0; tries < 2 && !found; ++tries) {
    std::byte bytes[sizeof(FrameHeader)];
    std::size_t count = 0;
    if (tries != 0) ahead_size_ = 0;
    const bool fresh = ahead_size_ == 0;
    if (const int error = read_ahead(offset_, bytes, count)) return error;
    found = count == sizeof bytes && load_frame_header(bytes, current_.head.seed, offset_, header);
    if (fresh) break;
  }
  return 0;
}

/// Goes on behind a frame. Where frames are large, only their headers are read ahead.
void JournalReader::pass(const FrameHeader& header) noexcept {
  large_frames_ = header.size() > kReadAhead;
  offset_ += header.size();
}

/// Finds the next header behind bytes that are none. `offset` receives its place, or 0 where there is none.
int JournalReader::find_header(std::uint64_t& offset) {
  offset = 0;
  if (const int error = current_.file->size(current_.size)) {
    return fail(error, "reading " + events_name(current_.head.first));
  }
  FrameScan scan(*current_.file, current_.head.seed, offset_, current_.size, true);
  switch (scan.next()) {
    case FrameScan::Found::failed:
      return fail(scan.error(), "reading " + events_name(current_.head.first));
    case FrameScan::Found::garbage:
      if (scan.end() < current_.size) offset = scan.end();
      return 0;
    case FrameScan::Found::frame:
    case FrameScan::Found::damaged:
      offset = scan.offset();  // it has been written a moment ago
      return 0;
    case FrameScan::Found::end:
      return 0;
  }
  return 0;
}

Piece JournalReader::failed() const noexcept {
  Piece piece;
  piece.stretch = Stretch::failed;
  return piece;
}

/// Names the numbers from `position_` to `last`.
Piece JournalReader::name(Stretch stretch, std::uint64_t last) noexcept {
  Piece piece;
  piece.stretch = stretch;
  piece.first = position_;
  piece.last = last;
  position_ = last + 1;
  return piece;
}

Piece JournalReader::next(std::uint64_t limit, FrameBuffer& buffer) {
  failure_ = {};
  for (;;) {
    if (position_ > limit) return {};
    if (!current_.file) {
      if (place() != 0) return failed();
      if (!current_.file) return {};
    }
    if (position_ <= current_.head.preceding) return name(before_, std::min(current_.head.preceding, limit));
    position_ = std::max(position_, current_.head.first);
    if (position_ > limit) return {};

    FrameHeader header;
    bool found = false;
    if (load_header(header, found) != 0) return failed();
    if (!found || (bound_ && header.first > *bound_)) {
      if (const auto piece = no_frame_here(limit)) return *piece;
      continue;
    }
    if (damage_before_) {
      if (header.first > position_) return name(Stretch::damaged, std::min(header.first - 1, limit));
      damage_before_ = false;
    }
    if (header.numbers == 0 || header.last() < position_) {
      pass(header);
      continue;
    }
    if (header.last() > limit) return {};
    if (header.flags == kEventsFrame) return read_events(header, limit, buffer);
    offset_ += header.size();
    position_ = std::max(position_, header.first);
    return name(header.flags == kGapFrame ? Stretch::gap : Stretch::missing, header.last());
  }
}

/// Called where no frame stands that counts: at damaged bytes, or at a file's end. Returns nothing where the reader has
/// moved on.
std::optional<Piece> JournalReader::no_frame_here(std::uint64_t limit) {
  if (!bound_) {
    if (refresh() != 0) return failed();
    if (const int error = find_bound(); error != 0 && error != ENOENT) {
      fail(error, "opening the file after " + events_name(current_.head.first));
      return failed();
    }
    ahead_size_ = 0;
    if (bound_) return std::nullopt;  // look once more: frames may have been written before that file was begun
    if (was_replaced()) {
      current_ = {};
      return std::nullopt;
    }
    if (limit != kNoLimit && searched_limit_ && limit <= *searched_limit_) return Piece{};
    searched_limit_ = limit;
  }
  FrameHeader header;
  bool found = false;
  if (load_header(header, found) != 0) return failed();
  if (!found) {
    std::uint64_t offset = 0;
    if (find_header(offset) != 0) return failed();
    if (offset != 0) {
      damage_before_ = damage_before_ || offset != offset_;
      offset_ = offset;
      ahead_size_ = 0;
      return std::nullopt;
    }
    if (!bound_) return Piece{};
  } else if (!bound_ || header.first <= *bound_) {
    return std::nullopt;
  }
  // Behind the last frame of the file that counts.
  if (refresh() != 0) return failed();
  const bool listed = is_listed(current_.head.first);
  if (listed && position_ <= *bound_) return name(Stretch::damaged, std::min(*bound_, limit));
  const auto next = listed_after(current_.head.first);
  if (!next) {  // all were removed
    current_ = {};
    return firsts_.empty() ? std::optional(Piece{}) : std::nullopt;
  }
  before_ = listed ? Stretch::damaged : Stretch::removed;
  const int error = enter_from(*next);
  if (error == 0) return std::nullopt;
  current_ = {};
  if (error == ENOENT) return std::nullopt;
  fail(error, "opening " + events_name(*next));
  return failed();
}

/// Reads the body of the frame at `offset_`, and checks all of it.
int JournalReader::read_body(const FrameHeader& header, FrameBuffer& buffer, bool& valid) {
  const auto frame = buffer.frame(header.body);
  std::size_t count = 0;
  if (header.size() <= kReadAhead) {
    if (const int error = read_ahead(offset_, frame, count)) return error;
  } else {
    if (offset_ >= ahead_offset_ && offset_ < ahead_offset_ + ahead_size_) {
      count = std::min<std::size_t>(frame.size(), static_cast<std::size_t>(ahead_offset_ + ahead_size_ - offset_));
      std::memcpy(frame.data(), ahead_.data() + (offset_ - ahead_offset_), count);
    }
    std::size_t rest = 0;
    if (const int error = current_.file->read(offset_ + count, frame.subspan(count), rest)) {
      return fail(error, "reading " + events_name(current_.head.first));
    }
    count += rest;
  }
  FrameHeader same;
  valid = count == frame.size() && std::memcmp(frame.data(), &header, sizeof header) == 0 &&
          load_frame_header(frame.first<sizeof(FrameHeader)>(), current_.head.seed, offset_, same) &&
          frame_is_valid(frame, same, current_.head.seed, offset_) &&
          records_are_valid(frame.subspan(sizeof(FrameHeader)), same, current_.head.description);
  return 0;
}

Piece JournalReader::read_events(const FrameHeader& header, std::uint64_t limit, FrameBuffer& buffer) {
  const auto end = current_.file->size(current_.size);
  if (end != 0) {
    fail(end, "reading " + events_name(current_.head.first));
    return failed();
  }
  bool valid = false;
  if (header.size() <= current_.size - std::min(current_.size, offset_)) {
    buffer.reserve(header.body);
    if (read_body(header, buffer, valid) != 0) return failed();
    if (!valid) {
      ahead_size_ = 0;
      if (read_body(header, buffer, valid) != 0) return failed();
    }
  }
  if (!valid) {
    if (limit == kNoLimit && !bound_) {  // it may be about to be written: then no frame stands behind it
      const std::uint64_t here = std::exchange(offset_, offset_ + header.size());
      std::uint64_t later = 0;
      const int error = find_header(later);
      offset_ = here;
      if (error != 0) return failed();
      if (later == 0) return {};
    }
    offset_ += header.size();
    position_ = std::max(position_, header.first);
    return name(Stretch::damaged, header.last());
  }
  Piece piece;
  piece.stretch = Stretch::events;
  piece.first = header.first;
  piece.last = header.last();
  piece.events = header.events;
  piece.first_time = header.first_time;
  piece.last_time = header.last_time;
  piece.body = {buffer.body(), header.body};
  piece.description = &current_.head.description;
  pass(header);
  position_ = piece.last + 1;
  return piece;
}

}  // namespace shmbus::journal
