#include "inspect/journal_source.hpp"

#include <algorithm>
#include <chrono>

#include "journal/failure.hpp"
#include "journal/last_events.hpp"
#include "recording/journal_home.hpp"
#include "shmbus/error.hpp"

namespace shmbus::detail {

using journal::JournalReader;
using journal::Stretch;

void JournalSource::check(int error) const {
  if (error != 0) {
    throw journal::storage_error(error, recording::JournalHome(*registry_).object(name_), reader_->failure().what);
  }
}

void JournalSource::open() {
  if (reader_) return;
  const recording::JournalHome home(*registry_);
  storage_ = home.open(name_);
  if (!storage_) {
    throw Error(ErrorCode::not_found, {home.object(name_), "a folder in '" + registry_->recorded().journals + "'",
                                       "none", "somebody removed it: bring it back, or remove the topic"});
  }
  reader_ = JournalReader::open(*storage_);
}

void JournalSource::close() noexcept {
  if (reader_ && !walk_ && !settled_) next_ = std::max(next_, reader_->position());
  reader_.reset();
  storage_.reset();
}

void JournalSource::begin(std::uint64_t sequence, bool settled) {
  close();
  walk_.reset();
  since_.reset();
  next_ = sequence;
  settled_ = settled;
  open();
}

void JournalSource::start_at_oldest() {
  begin(1, false);
  check(reader_->seek_oldest());
}

void JournalSource::start_at(std::uint64_t sequence, bool missed_counts) {
  begin(sequence, missed_counts);
  check(reader_->seek_sequence(sequence));
}

void JournalSource::start_at_last(std::uint64_t before, std::uint64_t count) {
  begin(before, false);
  check(journal::find_last_events(*reader_, before, count, next_));
  check(reader_->seek_sequence(next_));
}

void JournalSource::start_at_time(std::int64_t ns) {
  begin(1, false);
  since_ = ns;
  check(reader_->seek_time(ns));
}

/// Passes numbers that are not handed out: all up to `last`.
void JournalSource::pass(std::uint64_t last, bool lost) noexcept {
  if (last < next_) return;
  if (lost && settled_) lost_ += last - next_ + 1;
  next_ = last + 1;
}

bool JournalSource::take(const journal::StoredRecord& record) {
  if (record.sequence < next_) return false;
  next_ = record.sequence + 1;
  if (since_ && record.time < *since_) return false;
  since_.reset();
  settled_ = true;
  current_ = {};
  current_.payload = record.payload.data();
  current_.size = record.payload.size();
  current_.extensions = record.extensions.empty() ? nullptr : record.extensions.data();
  current_.sequence = record.sequence;
  current_.port = record.port;
  time_ = Time{std::chrono::nanoseconds{record.time}};
  return true;
}

bool JournalSource::advance(std::uint64_t recorded, std::uint64_t end) {
  for (;;) {
    for (journal::StoredRecord record; walk_ && walk_->next(record);) {
      if (take(record)) return true;
    }
    if (walk_) pass(last_, false);
    walk_.reset();
    if (next_ >= end) return false;
    if (!reader_) {
      open();
      if (next_ > 1) check(reader_->seek_sequence(next_));
    }
    const journal::Piece piece = reader_->next(recorded, buffer_);
    switch (piece.stretch) {
      case Stretch::events:
        if (piece.last < next_) break;
        last_ = piece.last;
        topic_id_ = piece.description->topic_id;
        walk_.emplace(piece.body, *piece.description);
        break;
      case Stretch::gap:
        pass(piece.last, false);
        break;
      case Stretch::missing:
      case Stretch::damaged:
      case Stretch::removed:
        pass(piece.last, true);
        break;
      case Stretch::end:
        return false;
      case Stretch::failed:
        check(reader_->failure().error);
    }
  }
}

}  // namespace shmbus::detail
