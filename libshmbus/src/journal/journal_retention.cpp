// Which segment files a JournalWriter removes.

#include <algorithm>
#include <cerrno>

#include "journal/file_names.hpp"
#include "journal/journal_writer.hpp"

namespace shmbus::journal {

/// Receives the greatest time of an event in the oldest file, or a later one: the header of the file behind it says it,
/// and where that is damaged the next one's, since the greatest time never falls. Nothing where all are.
int JournalWriter::find_greatest(std::optional<std::int64_t>& greatest) {
  for (std::size_t i = 1; i < held_.size(); ++i) {
    std::unique_ptr<StoredFile> file;
    HeadContent head;
    const int error = open_events(*storage_, held_[i].first, Use::read, file, head);
    if (error == EBADMSG) continue;
    if (error != 0) return error;
    // Events without time stamps are older than the file that follows theirs.
    greatest = description_.timestamps ? head.greatest_before : head.created_ns;
    return 0;
  }
  return 0;
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
        error = find_greatest(oldest.greatest);
        if (error != 0 || !oldest.greatest) break;  // not known: that is no reason to remove a file
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
