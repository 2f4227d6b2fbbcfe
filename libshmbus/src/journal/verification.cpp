#include "journal/verification.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>

#include "journal/failure.hpp"
#include "journal/file_names.hpp"
#include "journal/numbers.hpp"

namespace shmbus::journal {

namespace {

/// A segment file, with what reading its header gave.
struct ListedFile {
  std::uint64_t first;
  int error;
  HeadContent head;
  std::unique_ptr<StoredFile> file;
};

int check_topic(Storage& storage, Verification& report) {
  HeadContent topic;
  const int error = read_topic(storage, topic);
  if (error == ENOENT || error == EBADMSG) {
    report.remarks.push_back({kTopicName, error == ENOENT ? "is missing" : "is damaged"});
    return 0;
  }
  if (error == 0 && topic.good_copies != 2) {
    report.remarks.push_back({kTopicName, "one of its two copies is damaged; nothing is lost"});
  }
  return error;
}

int check_numbers(Storage& storage, Verification& report) {
  unsigned good = 0;
  const int error = Numbers::count_good_sectors(storage, good);
  if (error == ENOENT) {
    report.remarks.push_back({kNumbersName, "is missing"});
    return 0;
  }
  if (error == 0 && good != 2) {
    report.remarks.push_back(
        {kNumbersName, good == 0 ? "is damaged" : "one of its two copies is damaged; nothing is lost"});
  }
  return error;
}

/// Adds what a segment file holds. `next`: the file after it.
int check_file(Storage& storage, ListedFile& listed, const ListedFile* next, Verification& report) {
  const std::string name = events_name(listed.first);
  std::optional<std::uint64_t> bound;
  if (next != nullptr) bound = next->error == 0 ? next->head.preceding : next->first - 1;
  if (listed.error != 0) {
    const std::uint64_t last = bound ? *bound : listed.first;
    report.damage.push_back({name, 0, listed.first, last});
    report.last = std::max(report.last, last);
    return 0;
  }
  if (listed.head.good_copies != 2) {
    report.remarks.push_back({name, "one of the two copies of its header is damaged; nothing is lost"});
  }
  std::uint64_t size = 0;
  if (const int error = listed.file->size(size)) return error;
  EventIndex index;
  if (const int error = index.read(storage, listed.first, listed.head.seed, size); error != 0 && error != ENOENT) {
    if (error != EBADMSG) return error;
    report.remarks.push_back({index_name(listed.first), "is damaged, or of another file; it is not needed"});
  }
  FileContent content;
  if (const int error = read_content(*listed.file, listed.head, bound, kFileHeader, content)) return error;
  report.frames += content.frames;
  report.events += content.events;
  for (Damage& damage : content.damage) {
    report.last = std::max(report.last, damage.last);
    report.damage.push_back(std::move(damage));
  }
  report.gaps.insert(report.gaps.end(), content.gaps.begin(), content.gaps.end());
  report.missing.insert(report.missing.end(), content.missing.begin(), content.missing.end());
  report.last = std::max({report.last, content.index.last(), listed.head.preceding});
  report.closed = content.clean;
  report.tail_bytes = content.tail_bytes;
  return 0;
}

}  // namespace

int verify(Storage& storage, Verification& report) {
  report = {};
  if (const int error = check_topic(storage, report)) return error;
  if (const int error = check_numbers(storage, report)) return error;
  std::vector<std::uint64_t> firsts;
  if (const int error = list_events(storage, firsts)) return error;
  std::vector<ListedFile> files;
  for (const std::uint64_t first : firsts) {
    ListedFile listed{first, 0, {}, nullptr};
    listed.error = open_events(storage, first, Use::read, listed.file, listed.head);
    if (listed.error == ENOENT) continue;  // removed a moment ago
    if (listed.error != 0 && listed.error != EBADMSG) return listed.error;
    std::uint64_t size = 0;
    if (const int error = listed.file->size(size)) return error;
    listed.file.reset();  // a journal may have more files than a process may open
    report.bytes += size;
    files.push_back(std::move(listed));
  }
  report.files = files.size();
  if (!files.empty()) report.first = files.front().first;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (files[i].error == 0) {
      const int error = storage.open(events_name(files[i].first), Use::read, files[i].file);
      if (error == ENOENT) continue;
      if (error != 0) return error;
    }
    if (const int error = check_file(storage, files[i], i + 1 < files.size() ? &files[i + 1] : nullptr, report))
      return error;
    files[i].file.reset();
  }
  return 0;
}

}  // namespace shmbus::journal
