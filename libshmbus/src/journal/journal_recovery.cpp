// What a JournalWriter does with what the last one left.

#include <algorithm>
#include <cerrno>
#include <utility>

#include "journal/file_names.hpp"
#include "journal/frame.hpp"
#include "journal/journal_writer.hpp"
#include "platform/clock.hpp"

namespace shmbus::journal {

namespace {

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
  std::optional<std::uint64_t> bound;  // as the next file's header will say it
  if (options_.distrusted != 0 && head_.seed == options_.distrusted)
    bound = std::max(options_.trusted, head_.preceding);
  if (const int error = read_content(*file, head_, bound, options_.index_spacing, content)) return error;
  recovered_.clean = content.clean;
  recovered_.last = content.next - 1;
  recovered_.tail_bytes = content.tail_bytes;
  named_ = std::max(head_.preceding, content.index.last());
  for (const Damage& damage : content.damage) named_ = std::max(named_, damage.last);
  recovered_.damage = std::move(content.damage);
  index_ = std::move(content.index);
  if (bound) {  // it stays as it is, and ends at what counts
    recovered_.clean = false;
    return 0;
  }
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

}  // namespace shmbus::journal
