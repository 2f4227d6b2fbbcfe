// What a journal holds, from its first number to its last, file by file.

#include <algorithm>
#include <cerrno>
#include <utility>

#include "journal/file_names.hpp"
#include "journal/journal_reader.hpp"

namespace shmbus::journal {

/// From the open file on.
int JournalReader::walk_to_end(Extent& extent) {
  for (;;) {
    FrameHeader header;
    bool found = false;
    if (const int error = load_header(header, found)) return error;
    if (found) {
      pass(header);
      if (header.numbers != 0) extent.last = std::max(extent.last, header.last());
      if (header.flags == kEventsFrame) {
        extent.last_time = std::max(extent.last_time.value_or(kNoTime), header.last_time);
      }
      continue;
    }
    std::uint64_t next = 0;
    if (const int error = find_header(next)) return error;
    if (next == 0) return 0;
    offset_ = next;
    ahead_size_ = 0;
  }
}

int JournalReader::extent(Extent& extent) {
  failure_ = {};
  extent = {};
  JournalReader probe(*storage_);
  const auto with_failure = [&](int error) {
    failure_ = probe.failure_ ? probe.failure_ : Failure{error, "looking through " + storage_->path()};
    return error;
  };
  if (const int error = probe.refresh()) return with_failure(error);
  if (probe.firsts_.empty()) return 0;
  extent.first = probe.firsts_.front();
  int error = probe.enter_from(extent.first);
  if (error != 0 && error != ENOENT && error != EBADMSG) return with_failure(error);
  if (error == 0) {
    FrameHeader header;
    bool found = false;
    do {
      if (const int failed = probe.load_header(header, found)) return with_failure(failed);
      if (found && header.flags == kEventsFrame) extent.first_time = header.first_time;
      probe.offset_ += header.size();
    } while (found && !extent.first_time);
  }
  const std::uint64_t newest = probe.firsts_.back();
  error = probe.enter(newest);
  if (error == EBADMSG) {
    extent.last = newest;
    return 0;
  }
  if (error != 0) return with_failure(error);
  extent.last = probe.current_.head.preceding;
  if (probe.current_.head.greatest_before != kNoTime) extent.last_time = probe.current_.head.greatest_before;
  EventIndex index;
  if (index.read(*storage_, newest, probe.current_.head.seed, probe.current_.size) == 0) {
    probe.offset_ = index.end();
    extent.last = std::max(extent.last, index.last());
    if (index.greatest() != kNoTime) extent.last_time = index.greatest();
  }
  error = probe.walk_to_end(extent);
  return error == 0 ? 0 : with_failure(error);
}

int JournalReader::files(std::vector<FileInfo>& files) {
  failure_ = {};
  files.clear();
  std::vector<std::uint64_t> firsts;
  if (const int error = list_events(*storage_, firsts)) return fail(error, "listing " + storage_->path());
  for (const std::uint64_t first : firsts) {
    FileInfo info;
    OpenFile file;
    info.name = events_name(first);
    info.first = first;
    info.error = open_file(first, file);
    if (info.error == ENOENT) continue;
    info.bytes = file.size;
    info.created_ns = file.head.created_ns;
    if (info.error == 0 && !files.empty()) {
      files.back().last = file.head.preceding;
      files.back().last_time = file.head.greatest_before;
    }
    if (!files.empty()) files.back().closed = true;
    files.push_back(std::move(info));
  }
  if (files.empty()) return 0;
  Extent whole;
  if (const int error = extent(whole)) return error;
  files.back().last = whole.last >= files.back().first ? whole.last : 0;
  files.back().last_time = whole.last_time.value_or(kNoTime);
  return 0;
}

}  // namespace shmbus::journal
