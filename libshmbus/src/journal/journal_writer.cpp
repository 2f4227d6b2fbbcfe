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

/// Whether a segment file ends with a closing frame that says all before it was synced.
int ends_synced(Storage& storage, std::uint64_t first, bool& synced) {
  synced = false;
  std::unique_ptr<StoredFile> file;
  HeadContent head;
  if (const int error = open_events(storage, first, Use::read, file, head)) return error == EBADMSG ? 0 : error;
  std::uint64_t size = 0;
  if (const int error = file->size(size)) return error;
  if (size < kFileHeader + sizeof(FrameHeader)) return 0;
  const std::uint64_t offset = size - sizeof(FrameHeader);
  std::byte bytes[sizeof(FrameHeader)];
  std::size_t count = 0;
  if (const int error = file->read(offset, bytes, count)) return error;
  FrameHeader header;
  synced = count == sizeof bytes && load_frame_header(bytes, head.seed, offset, header) &&
           header.flags == kClosingFrame && header.synced == offset;
  return 0;
}

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

void JournalWriter::recover() {
  const auto check = [this](int error, const std::string& expected) {
    if (error == 0) return;
    if (error == EPROTONOSUPPORT) {
      throw Error(ErrorCode::incompatible,
                  {"the journal in " + storage_->path(), "version " + std::to_string(kJournalVersion),
                   "another version", "use the version of shmbus that wrote it, or move the folder away"});
    }
    throw storage_error(error, "the journal in " + storage_->path(), expected);
  };
  std::vector<std::string> names;
  check(storage_->list(names), "its files listed");
  for (const std::string& name : names) {
    if (is_fresh_name(name)) {
      const int error = storage_->unlink(name);
      check(error == ENOENT ? 0 : error, name + " removed");
    }
  }
  std::vector<std::uint64_t> firsts;
  for (const std::string& name : names) {
    if (const auto first = parse_events_name(name)) firsts.push_back(*first);
  }
  std::sort(firsts.begin(), firsts.end());
  for (const std::uint64_t first : firsts) {
    std::unique_ptr<StoredFile> file;
    std::uint64_t size = 0;
    const int error = storage_->open(events_name(first), Use::read, file);
    check(error != 0 ? error : file->size(size), events_name(first) + " opened");
    held_.push_back({first, size});
  }
  if (!firsts.empty()) check(recover_last(firsts.back()), events_name(firsts.back()) + " recovered");
  check(sync_unsynced_files(), "its files on stable storage");
  recorded_ = durable_ = recovered_.last;
  durable_named_ = named_;

  HeadContent known;
  const int error = read_topic(*storage_, known);
  if (error == EPROTONOSUPPORT) check(error, {});
  if (error != 0 || known.good_copies != 2 || !(known.description == description_)) {
    check(write_topic(*storage_, description_, platform::system_ns()), "its file 'topic' written");
  }
}

/// Returns an errno value. Leaves `file_` open where the file can be continued.
int JournalWriter::recover_last(std::uint64_t first) {
  std::unique_ptr<StoredFile> file;
  const int opened = open_events(*storage_, first, Use::write, file, head_);
  if (opened == EBADMSG) {  // both copies of its header are damaged: all that it held is, and how much is not known
    recovered_.clean = false;
    recovered_.last = named_ = first;
    recovered_.damage.push_back({events_name(first), 0, first, first});
    index_.clear(kNoTime);
    return 0;
  }
  if (opened != 0) return opened;
  FileContent content;
  if (const int error = read_content(*file, head_, std::nullopt, options_.index_spacing, content)) return error;
  recovered_.clean = content.clean;
  recovered_.last = content.next - 1;
  recovered_.tail_bytes = content.tail_bytes;
  named_ = std::max(head_.preceding, content.index.last());
  for (const Damage& damage : content.damage) named_ = std::max(named_, damage.last);
  recovered_.damage = std::move(content.damage);
  index_ = std::move(content.index);
  if (!content.clean) {
    // Never appended to again. Otherwise bytes behind the cut, which a power failure brings back, could be taken for
    // what was written later.
    if (const int error = file->truncate(content.end)) return error;
    if (const int error = file->sync()) return error;
    held_.back().bytes = content.end;
    index_.write(*storage_, first, head_.seed);  // without it, readers walk the frames
    return 0;
  }
  if (const int error = file->sync()) return error;
  if (!(head_.description == description_) || head_.good_copies != 2) return 0;
  file_ = std::move(file);
  end_ = synced_ = content.end;
  noted_ = content_end_ = end_;
  ends_closed_ = true;
  return 0;
}

/// Files before the last one may never have been synced, where the journal was kept so. Returns an errno value.
int JournalWriter::sync_unsynced_files() {
  if (held_.size() < 2) return 0;
  for (std::size_t i = held_.size() - 1; i > 0; --i) {
    const std::uint64_t first = held_[i - 1].first;
    bool synced = false;
    if (const int error = ends_synced(*storage_, first, synced)) return error;
    if (synced) return 0;
    std::unique_ptr<StoredFile> file;
    if (const int error = storage_->open(events_name(first), Use::write, file)) return error;
    if (const int error = file->sync()) return error;
  }
  return 0;
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

int JournalWriter::retain(const RetainLimits& limits, std::int64_t now_ns, Removed& removed) {
  removed = {};
  int error = 0;
  std::uint64_t total = bytes();
  while (error == 0 && held_.size() > 1) {
    Held& oldest = held_.front();
    const std::uint64_t next = held_[1].first;
    if (limits.acknowledged && *limits.acknowledged + 1 < next) break;
    bool goes = limits.bytes != 0 && total > limits.bytes;
    if (!goes && limits.age_ns != 0) {
      if (!oldest.greatest) {
        std::unique_ptr<StoredFile> file;
        HeadContent head;
        const int opened = open_events(*storage_, next, Use::read, file, head);
        if (opened != 0 &&
            opened != EBADMSG) {  // for example no descriptor is left: that is no reason to remove a file
          error = opened;
          break;
        }
        // Events without time stamps are older than the file that follows theirs.
        const std::int64_t greatest = description_.timestamps ? head.greatest_before : head.created_ns;
        oldest.greatest = opened == 0 ? greatest : kNoTime;
      }
      goes = *oldest.greatest < now_ns - static_cast<std::int64_t>(std::min<std::uint64_t>(limits.age_ns, INT64_MAX));
    }
    if (!goes) break;
    error = storage_->unlink(events_name(oldest.first));
    if (error == ENOENT) error = 0;
    if (error != 0) break;
    storage_->unlink(index_name(oldest.first));  // one that is left is of no file, and does no harm
    std::erase(unsynced_, oldest.first);
    ++removed.files;
    removed.bytes += oldest.bytes;
    removed.last = next - 1;
    total -= oldest.bytes;
    held_.pop_front();
    error = storage_->sync();  // before the next one goes, so that a power failure leaves no hole
  }
  return error;
}

}  // namespace shmbus::journal
