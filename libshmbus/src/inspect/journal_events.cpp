#include <algorithm>
#include <utility>

#include "inspect/event_copy.hpp"
#include "inspect/journal_events_impl.hpp"
#include "journal/last_events.hpp"
#include "shmbus/error.hpp"

namespace shmbus {

using journal::JournalReader;
using journal::Stretch;

namespace {

/// The beginnings that a journal does not have.
void check_start(Start start, const journal::Description& description, const std::string& object) {
  if (start.kind() == Start::Kind::latest) {
    throw Error(ErrorCode::invalid_option, {object + ", start", "oldest, a sequence, a time, or the last events",
                                            "latest", "choose one of these"});
  }
  if (start.kind() == Start::Kind::time && !description.timestamps) {
    throw Error(ErrorCode::invalid_option,
                {object + ", start", "time stamps, to start at a time", "none", "start at a sequence"});
  }
  if (start.kind() == Start::Kind::after && start.event().topic != description.topic_id) {
    throw Error(ErrorCode::stale_position, {object + ", start", "an event of this topic", start.event().to_string(),
                                            "the topic was made anew: start with the oldest event"});
  }
}

}  // namespace

JournalEvents::Impl::Impl(std::unique_ptr<journal::DiskStorage> storage, std::string object, Start start,
                          JournalReadOptions options)
    : storage_(std::move(storage)),
      object_(std::move(object)),
      options_(options),
      reader_(JournalReader::open(*storage_)) {
  check_start(start, reader_->description(), object_);
  seek(start);
}

void JournalEvents::Impl::seek(Start start) {
  int error = 0;
  const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(start.value(), 0));
  switch (start.kind()) {
    case Start::Kind::latest:
    case Start::Kind::oldest:
      error = reader_->seek_oldest();
      break;
    case Start::Kind::sequence:
      from_ = std::max<std::uint64_t>(value, 1);
      error = reader_->seek_sequence(from_);
      break;
    case Start::Kind::after:
      from_ = start.event().sequence + 1;
      error = reader_->seek_sequence(from_);
      break;
    case Start::Kind::last: {
      journal::Extent extent;
      error = reader_->extent(extent);
      if (error == 0) error = journal::find_last_events(*reader_, extent.last + 1, value, from_);
      if (error == 0) error = reader_->seek_sequence(from_);
      break;
    }
    case Start::Kind::time:
      since_ = start.value();
      error = reader_->seek_time(start.value());
      break;
  }
  if (error != 0) throw journal::storage_error(error, object_, reader_->failure().what);
}

void JournalEvents::Impl::pass(JournalStretch::Kind kind, std::uint64_t first, std::uint64_t last) {
  first = std::max(first, from_);
  if (since_ || last < first) return;
  from_ = last + 1;
  stretches_.push_back({kind, {first, last}});
  if (kind != JournalStretch::Kind::gap) lost_ += last - first + 1;
}

bool JournalEvents::Impl::take(const journal::StoredRecord& record) {
  if (record.sequence < from_) return false;
  if (since_ && record.time < *since_) return false;
  since_.reset();
  from_ = record.sequence + 1;
  detail::EventRecord parts;
  parts.payload = record.payload.data();
  parts.size = record.payload.size();
  parts.extensions = record.extensions.empty() ? nullptr : record.extensions.data();
  parts.sequence = record.sequence;
  parts.port = record.port;
  const Time time{std::chrono::nanoseconds(record.time)};
  detail::copy_event({reader_->description().topic, options_.incarnation, topic_id_}, parts, time, options_.max_payload,
                     event_);
  return true;
}

const EventSnapshot* JournalEvents::Impl::next() {
  for (;;) {
    for (journal::StoredRecord record; walk_ && walk_->next(record);) {
      if (take(record)) return &event_;
    }
    walk_.reset();
    const journal::Piece piece = reader_->next(JournalReader::kNoLimit, buffer_);
    switch (piece.stretch) {
      case Stretch::events:
        topic_id_ = piece.description->topic_id;
        walk_.emplace(piece.body, *piece.description);
        break;
      case Stretch::gap:
        pass(JournalStretch::Kind::gap, piece.first, piece.last);
        break;
      case Stretch::missing:
        pass(JournalStretch::Kind::missing, piece.first, piece.last);
        break;
      case Stretch::damaged:
        pass(JournalStretch::Kind::damaged, piece.first, piece.last);
        break;
      case Stretch::removed:
        pass(JournalStretch::Kind::removed, piece.first, piece.last);
        break;
      case Stretch::end:
        return nullptr;
      case Stretch::failed:
        throw journal::storage_error(reader_->failure().error, object_, reader_->failure().what);
    }
  }
}

std::vector<JournalStretch> JournalEvents::Impl::take_stretches() { return std::exchange(stretches_, {}); }

JournalEvents::JournalEvents(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
JournalEvents::JournalEvents(JournalEvents&&) noexcept = default;
JournalEvents& JournalEvents::operator=(JournalEvents&&) noexcept = default;
JournalEvents::~JournalEvents() = default;

JournalEvents::Impl& JournalEvents::impl() const {
  if (impl_) return *impl_;
  throw Error(ErrorCode::closed, {"JournalEvents", "one that reads a journal", "one that was moved from",
                                  "use the JournalEvents that it was moved to"});
}

const EventSnapshot* JournalEvents::next() { return impl().next(); }
std::vector<JournalStretch> JournalEvents::take_stretches() { return impl().take_stretches(); }
std::uint64_t JournalEvents::lost() const { return impl().lost(); }

const char* to_string(JournalStretch::Kind kind) noexcept {
  switch (kind) {
    case JournalStretch::Kind::gap:
      return "gap";
    case JournalStretch::Kind::missing:
      return "missing";
    case JournalStretch::Kind::damaged:
      return "damaged";
    case JournalStretch::Kind::removed:
      break;
  }
  return "removed";
}

}  // namespace shmbus
