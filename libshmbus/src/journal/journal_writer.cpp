#include "journal/journal_writer.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "journal/file_names.hpp"
#include "journal/frame.hpp"
#include "platform/clock.hpp"
#include "platform/random.hpp"

namespace shmbus::journal {

namespace {

const std::string kFreshEvents = fresh_name("events");

}  // namespace

JournalWriter::JournalWriter(Storage& storage, const Description& description, const WriterOptions& options)
    : storage_(&storage),
      description_(description),
      options_(options),
      file_bytes_(options.file_bytes != 0 ? options.file_bytes : description.file_bytes),
      index_(options.index_spacing) {}

JournalWriter::~JournalWriter() = default;

std::unique_ptr<JournalWriter> JournalWriter::open(Storage& storage, const Description& description,
                                                   const WriterOptions& options) {
  if (!is_valid(description)) {
    throw Error(ErrorCode::invalid_option, {"the journal of topic '" + description.topic + "'",
                                            "a description within its ranges", "another one", ""});
  }
  std::unique_ptr<JournalWriter> writer(new JournalWriter(storage, description, options));
  writer->recover();
  return writer;
}

int JournalWriter::fail(int error, std::string what) {
  failure_ = {error, std::move(what)};
  return error;
}

/// For a call that is wrong: those that follow may succeed.
int JournalWriter::refuse(int error, std::string what) {
  failure_ = {0, std::move(what)};
  return error;
}

int JournalWriter::append(std::span<std::byte> frame, const FrameNumbers& numbers) {
  if (failure_) return failure_.error;
  if (frame.size() <= sizeof(FrameHeader) || frame.size() - sizeof(FrameHeader) > kMaxBody || frame.size() % 8 != 0) {
    return refuse(EINVAL, "a frame of " + std::to_string(frame.size()) + " bytes");
  }
  if (numbers.events == 0 || numbers.first < next_sequence() || numbers.last >= kNumberLimit ||
      numbers.last < numbers.first || numbers.last - numbers.first < numbers.events - 1) {
    return refuse(EINVAL, "a frame of events from " + std::to_string(numbers.first));
  }
  FrameHeader header{};
  header.body = static_cast<std::uint32_t>(frame.size() - sizeof(FrameHeader));
  header.first = numbers.first;
  header.events = numbers.events;
  header.flags = kEventsFrame;
  header.first_time = numbers.first_time;
  header.last_time = numbers.last_time;
  header.numbers = numbers.last - numbers.first + 1;
  return append_frame(frame, header);
}

int JournalWriter::append_gap(std::uint64_t first, std::uint64_t numbers) {
  return append_numbers(kGapFrame, first, numbers);
}

int JournalWriter::append_missing(std::uint64_t first, std::uint64_t numbers) {
  return append_numbers(kMissingFrame, first, numbers);
}

int JournalWriter::append_numbers(std::uint32_t flags, std::uint64_t first, std::uint64_t numbers) {
  if (failure_) return failure_.error;
  if (numbers == 0 || first < next_sequence() || first >= kNumberLimit || numbers >= kNumberLimit - first) {
    return refuse(EINVAL, "a frame of numbers from " + std::to_string(first));
  }
  std::byte frame[sizeof(FrameHeader)];
  FrameHeader header{};
  header.first = first;
  header.flags = flags;
  header.numbers = numbers;
  return append_frame(frame, header);
}

int JournalWriter::append_frame(std::span<std::byte> frame, FrameHeader header) {
  if (closed_) return refuse(EBADF, "a journal that was closed");
  if (file_ && end_ > kFileHeader && end_ + frame.size() > file_bytes_) {
    if (const int error = end_file(false)) return error;
  }
  if (!file_) {
    if (const int error = begin_file(header.first)) return error;
  }
  header.synced = synced_;
  seal_frame(frame, header, head_.seed, end_);
  if (const int error = file_->write(end_, frame)) return fail(error, "writing " + events_name(head_.first));
  index_.add(header, end_);
  noted_ = std::max(noted_, header.synced);
  end_ += frame.size();
  content_end_ = end_;
  ends_closed_ = false;
  recorded_ = named_ = header.last();
  return 0;
}

int JournalWriter::begin_file(std::uint64_t first) {
  HeadContent head;
  head.description = description_;
  head.seed = platform::random_u64();
  head.first = first;
  head.preceding = named_;
  head.created_ns = platform::system_ns();
  head.greatest_before = index_.greatest();
  std::unique_ptr<StoredFile> file;
  if (const int error = storage_->unlink(kFreshEvents); error != 0 && error != ENOENT) {
    return fail(error, "removing " + kFreshEvents);
  }
  if (const int error = storage_->create(kFreshEvents, file)) return fail(error, "creating " + events_name(first));
  if (const int error = write_head(*file, kEventsMagic, head)) return fail(error, "writing " + events_name(first));
  if (options_.allocate && file_bytes_ > kFileHeader && file->allocate(file_bytes_) != 0) {
    // Not every file system can, and a full one may still have room for some frames.
    if (const int error = file->truncate(kFileHeader)) return fail(error, "writing " + events_name(first));
  }
  // A segment file never has its name without its header, so a header that is not there was damaged.
  if (const int error = file->sync()) return fail(error, "syncing " + events_name(first));
  if (const int error = storage_->rename(kFreshEvents, events_name(first))) {
    return fail(error, "naming " + events_name(first));
  }
  if (const int error = storage_->sync()) return fail(error, "syncing the folder");
  file_ = std::move(file);
  head_ = std::move(head);
  index_.clear(head_.greatest_before);
  end_ = synced_ = noted_ = content_end_ = kFileHeader;
  ends_closed_ = false;
  if (!held_.empty() && held_.back().first == first) held_.pop_back();  // replaced: no frame of it counts
  held_.push_back({first, kFileHeader});
  return 0;
}

int JournalWriter::write_note(std::uint32_t flags) {
  std::byte frame[sizeof(FrameHeader)];
  FrameHeader header{};
  header.first = next_sequence();
  header.flags = flags;
  header.synced = synced_;
  seal_frame(frame, header, head_.seed, end_);
  if (const int error = file_->write(end_, frame)) return fail(error, "writing " + events_name(head_.first));
  index_.add(header, end_);
  noted_ = synced_;
  end_ += sizeof frame;
  ends_closed_ = flags == kClosingFrame;
  return 0;
}

int JournalWriter::note_synced() {
  if (failure_) return failure_.error;
  if (!file_ || noted_ >= content_end_ || noted_ >= synced_) return 0;
  return write_note(kMarkFrame);
}

int JournalWriter::sync_earlier() {
  while (!unsynced_.empty()) {
    const std::string name = events_name(unsynced_.front());
    std::unique_ptr<StoredFile> file;
    const int opened = storage_->open(name, Use::write, file);
    if (opened != 0 && opened != ENOENT) return fail(opened, "opening " + name);
    if (opened == 0) {
      if (const int error = file->sync()) {
        durable_stands_ = true;
        return fail(error, "syncing " + name);
      }
    }
    unsynced_.erase(unsynced_.begin());
  }
  return 0;
}

int JournalWriter::sync() {
  if (failure_) return failure_.error;
  if (const int error = sync_earlier()) return error;
  if (file_ && synced_ < end_) {
    if (const int error = file_->sync()) {
      sync_failed_ = true;
      return fail(error, "syncing " + events_name(head_.first));
    }
    synced_ = end_;
  }
  if (!durable_stands_) note_durable();
  return 0;
}

/// Ends the open file, for the next one or for good: a closing frame, an index, no room behind its end.
int JournalWriter::end_file(bool for_good) {
  const bool synced = syncs() || for_good;
  if (synced) {
    if (const int error = sync()) return error;
  }
  if (const int error = write_note(kClosingFrame)) return error;
  if (const int error = file_->truncate(end_)) return fail(error, "cutting " + events_name(head_.first));
  if (synced) {
    if (const int error = sync()) return error;
  } else {
    unsynced_.push_back(head_.first);
  }
  index_.write(*storage_, head_.first, head_.seed);  // without it, readers walk the frames
  held_.back().bytes = end_;
  file_.reset();
  return 0;
}

int JournalWriter::begin_new_file() {
  if (closed_) return refuse(EBADF, "a journal that was closed");
  if (!failure_) return file_ ? end_file(false) : 0;
  failure_ = {};
  if (durable_stands_) unsynced_.clear();  // what they hold is known by its checksums alone
  if (file_) {
    bool kept = !sync_failed_;
    if (kept) {  // the write failed; what was written before is good if it can be synced
      kept = file_->truncate(end_) == 0 && file_->sync() == 0;
      if (kept && unsynced_.empty() && !durable_stands_) note_durable();
    }
    if (!kept) {
      named_ = durable_ >= head_.first ? durable_named_ : head_.preceding;
      recorded_ = std::max(durable_, head_.first - 1);
    }
    held_.back().bytes = end_;
    file_.reset();
  }
  sync_failed_ = false;
  return 0;
}

int JournalWriter::close() {
  if (closed_) return 0;
  if (failure_) {
    file_.reset();
    closed_ = true;
    return failure_.error;
  }
  int error = file_ && !ends_closed_ ? end_file(true) : sync();
  if (error == 0) {
    if ((error = storage_->sync())) fail(error, "syncing the folder");
  }
  file_.reset();
  closed_ = true;
  return error;
}

std::uint64_t JournalWriter::bytes() const noexcept {
  std::uint64_t sum = 0;
  for (const Held& held : held_) sum += held.bytes;
  return file_ ? sum - held_.back().bytes + end_ : sum;
}

}  // namespace shmbus::journal
