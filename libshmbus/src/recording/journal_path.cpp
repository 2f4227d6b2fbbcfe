#include "recording/journal_path.hpp"

#include <algorithm>
#include <cstring>

#include "journal/last_events.hpp"
#include "layout/constants.hpp"
#include "log/load_once.hpp"
#include "recording/journal_home.hpp"
#include "shmbus/detail/crash_point.hpp"
#include "shmbus/error.hpp"

namespace shmbus::recording {

using journal::JournalReader;
using journal::Stretch;
using layout::RecordHeader;
using layout::RecordMeta;

namespace {
/// In place of the key of a ring's record: this record has the number behind the one before it. Others keep their number
/// there, and no number is as large (doc/journal.md).
constexpr std::uint64_t kNextNumber = std::uint64_t{1} << 63;
/// Frames without an event for this reader that one call passes.
constexpr int kFramesAtOnce = 256;
}  // namespace

std::unique_ptr<JournalPath> JournalPath::open(std::shared_ptr<topic::TopicSegment> segment,
                                               layout::SubscriberWords& words, Ring& ring, bool durable_only) {
  const JournalHome home(segment->node().registry());
  auto storage = home.open(segment->name());
  const std::string object = home.object(segment->name());
  if (!storage) {
    throw Error(ErrorCode::not_found,
                {object,
                 "a folder '" + segment->node().registry().recorded().journals + "/" +
                     std::string(segment->node().registry().bus().text()) + "/" + segment->name().text() + "'",
                 "none", "somebody removed it: bring it back, or remove the topic"});
  }
  auto reader = JournalReader::open(*storage);
  const journal::Description& found = reader->description();
  if (found.record_header != segment->geometry().record_header || found.alignment != segment->geometry().alignment) {
    throw Error(ErrorCode::corrupt, {object, "records as in the topic's ring", "records of another shape",
                                     "it belongs to another topic: move it away, or remove the topic"});
  }
  return std::unique_ptr<JournalPath>(
      new JournalPath(std::move(segment), words, ring, durable_only, std::move(storage), std::move(reader)));
}

JournalPath::JournalPath(std::shared_ptr<topic::TopicSegment> segment, layout::SubscriberWords& words, Ring& ring,
                         bool durable_only, std::unique_ptr<journal::DiskStorage> storage,
                         std::unique_ptr<JournalReader> reader)
    : RecordPath(words, segment->log().record_header(), segment->geometry().alignment, segment->log().timestamps()),
      segment_(std::move(segment)),
      ring_(&ring),
      durable_only_(durable_only),
      storage_(std::move(storage)),
      reader_(std::move(reader)) {
  key_ = kNextNumber;
}

void JournalPath::start_at(std::uint64_t sequence, bool missed_counts) noexcept {
  cursor_ = end_ = nullptr;
  left_ = false;
  next_sequence_ = sequence;
  settled_ = missed_counts;
  skip_time_ = 0;
  failing_ = reader_->seek_sequence(sequence) != 0;
  words_->position.store(sequence, std::memory_order_release);
}

void JournalPath::start_at_oldest() noexcept {
  start_at(1, false);
  failing_ = reader_->seek_oldest() != 0;
}

void JournalPath::start_at_last(std::uint64_t before, std::uint64_t count) {
  std::uint64_t first = before;
  const bool failed = journal::find_last_events(*reader_, before, count, first) != 0;
  start_at(first, false);
  failing_ = failing_ || failed;
}

void JournalPath::start_at_time(std::int64_t ns) noexcept {
  start_at(1, false);
  failing_ = reader_->seek_time(ns) != 0;
  skip_time_ = std::max<std::int64_t>(ns, 1);
  asks_first_ = true;
}

std::uint64_t JournalPath::watermark() const noexcept {
  const layout::JournalWords& words = *segment_->journal();
  return (durable_only_ ? words.durable : words.recorded).load(std::memory_order_acquire);
}

/// Passes numbers that this reader will not see: all up to `last`.
void JournalPath::pass(std::uint64_t last, bool lost) noexcept {
  if (last < next_sequence_) return;
  if (lost && settled_) {
    lost_ += last - next_sequence_ + 1;
    words_->lost.store(lost_, std::memory_order_relaxed);  // for the monitor alone
  }
  next_sequence_ = last + 1;
  words_->position.store(next_sequence_, std::memory_order_release);
}

/// Hands out a frame's records from the next one on. Its bytes are this object's own, and were checked.
bool JournalPath::enter(std::span<std::byte> body, std::uint64_t first, std::uint64_t last) noexcept {
  last_ = last;
  cursor_ = body.data();
  end_ = body.data() + body.size();
  if (first > next_sequence_) next_sequence_ = first;  // numbers between two frames that no event has
  std::uint64_t follows = next_sequence_;
  bool skipped = false;
  for (std::byte* at = body.data(); static_cast<std::size_t>(end_ - at) >= layout::kMinRecord;) {
    std::uint64_t number, meta;
    std::memcpy(&number, at, sizeof number);
    std::memcpy(&meta, at + sizeof number, sizeof meta);
    const std::size_t length = PollPath::stride(RecordMeta::from(meta).size);
    if (length < layout::kMinRecord || length > static_cast<std::size_t>(end_ - at))
      break;  // the poll finds it as well
    if (number < next_sequence_ && !skipped) {
      cursor_ = at + length;
    } else {
      skipped = true;
      if (number == follows) std::memcpy(at, &kNextNumber, sizeof kNextNumber);
      follows = number + 1;
    }
    at += length;
  }
  settled_ = true;
  return cursor_ != end_;
}

/// Loads the next frame that holds events for this reader. Returns false where there is none now.
bool JournalPath::load_frame() noexcept {
  for (int i = 0; i < kFramesAtOnce; ++i) {
    const journal::Piece piece = reader_->next(watermark(), buffer_);
    switch (piece.stretch) {
      case Stretch::events:
        failing_ = false;
        if (piece.last < next_sequence_) continue;
        if (enter({buffer_.body(), piece.body.size()}, piece.first, piece.last)) return true;
        pass(piece.last, false);
        continue;
      case Stretch::gap:
        pass(piece.last, false);
        continue;
      case Stretch::missing:
      case Stretch::damaged:
      case Stretch::removed:
        pass(piece.last, true);
        continue;
      case Stretch::end:
        failing_ = false;
        return wait_for_recorder();
      case Stretch::failed:
        failing_ = true;
        return false;
    }
  }
  return false;
}

/// What is not in the journal yet is in the ring, or on its way from there to the journal. Where no process records and
/// the ring has moved past it, it will never be in the journal. A recorder that is stopped is waited for as long as a
/// stopped publisher.
bool JournalPath::wait_for_recorder() noexcept {
  const layout::JournalWords& words = *segment_->journal();
  if (words.recorded.load(std::memory_order_acquire) >= next_sequence_) return false;
  const std::uint64_t recorder = words.recorder.load(std::memory_order_acquire);
  const std::uint64_t state = words.state.load(std::memory_order_acquire);
  const bool records = recorder != 0 && segment_->alive(recorder) &&
                       state == static_cast<std::uint64_t>(layout::RecorderState::recording);
  const std::uint64_t now = segment_->monotonic_ns();
  if (waits_for_ != next_sequence_) waiting_since_ = now;
  waits_for_ = next_sequence_;
  const bool stalled = now - waiting_since_ > segment_->stall_limit_ns();
  if ((!records || stalled) && !durable_only_) left_ = ring_->skip_to_ring(next_sequence_, skip_time());
  return false;
}

/// At the end of a frame, or before the first: back to the ring as soon as it holds the next event.
bool JournalPath::next_block() noexcept {
  if (status_ != Status::ok || segment_->forked()) return false;
  if (settled_ && end_ != nullptr) pass(last_, false);
  cursor_ = end_ = nullptr;
  if (settled_ && skip_time_ == 0 && leave_for_ring()) return false;
  if (load_frame()) return true;
  // An empty journal, one that begins behind the ring, or one without an event of that time: what is there begins in the
  // ring.
  if (!settled_ && !left_ && status_ == Status::ok) {
    settled_ = skip_time_ == 0;
    if (skip_time_ != 0) next_sequence_ = std::max(next_sequence_, reader_->position());
    next_sequence_ = std::max(next_sequence_, segment_->log().first_sequence());
    leave_for_ring();
  }
  return false;
}

bool JournalPath::leave_for_ring() noexcept {
  left_ = ring_->back_to_ring(next_sequence_, skip_time());
  return left_;
}

bool JournalPath::look() noexcept {
  if (status_ != Status::ok) return false;
  return cursor_ != end_ || next_block() || left_;
}

bool JournalPath::nothing_here(std::uint64_t key) noexcept {
  if (key < next_sequence_ || key > last_) {
    status_ = Status::corrupt;
    return false;
  }
  next_sequence_ = key;
  auto* const at = const_cast<std::byte*>(cursor_);  // our own copy
  std::memcpy(at, &kNextNumber, sizeof kNextNumber);
  return true;
}

/// Behind the last record of a frame there is nothing, not even room for padding: so that one comes here.
bool JournalPath::take_special(const RecordHeader* header, RecordMeta meta, detail::EventRecord& record,
                               std::size_t& stride) noexcept {
  const auto* begin = reinterpret_cast<const std::byte*>(header);
  if (meta.size >= layout::kMinRecord && stride <= static_cast<std::size_t>(end_ - begin) &&
      (meta.flags & layout::kPadding) == 0 && take_event(begin, meta, stride, record))
    return true;
  status_ = Status::corrupt;
  return false;
}

/// Passes the events of a time before the start.
bool JournalPath::begin_poll() noexcept {
  take_count();
  while (skip_time_ != 0) {
    if (cursor_ == end_ && !next_block()) return false;
    const auto* header = reinterpret_cast<const RecordHeader*>(cursor_);
    const std::uint64_t key = header->key.load(std::memory_order_relaxed);
    if (key != key_) {
      if (!nothing_here(key)) return false;
      continue;
    }
    detail::EventRecord record;
    std::size_t stride;
    if (!take(header, record, stride)) return false;
    if (timestamps_ && static_cast<std::int64_t>(record.stamp) < skip_time_) {
      cursor_ += stride;
      ++next_sequence_;
    } else {
      skip_time_ = 0;
    }
  }
  asks_first_ = false;
  return true;
}

void JournalPath::stop(Status status) noexcept {
  status_ = status;
  cursor_ = end_ = nullptr;
}

void JournalPath::in_child() noexcept {
  static layout::SubscriberWords nowhere;
  words_ = &nowhere;
  stop(Status::closed);
}

}  // namespace shmbus::recording
