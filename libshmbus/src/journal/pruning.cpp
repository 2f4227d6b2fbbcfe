#include "journal/pruning.hpp"

#include <cerrno>
#include <memory>
#include <vector>

#include "journal/file_head.hpp"
#include "journal/file_names.hpp"

namespace shmbus::journal {

namespace {

struct OldFile {
  std::uint64_t first;
  std::uint64_t bytes;
};

/// Lists the files with their sizes. `total` receives the bytes of all.
int list_sizes(Storage& storage, std::vector<OldFile>& files, std::uint64_t& total) {
  std::vector<std::uint64_t> firsts;
  if (const int error = list_events(storage, firsts)) return error;
  for (const std::uint64_t first : firsts) {
    std::unique_ptr<StoredFile> file;
    std::uint64_t size = 0;
    int error = storage.open(events_name(first), Use::read, file);
    if (error == ENOENT) continue;
    if (error == 0) error = file->size(size);
    if (error != 0) return error;
    files.push_back({first, size});
    total += size;
  }
  return 0;
}

/// The greatest time of an event before a file, from the file's header. A damaged header says nothing of it.
std::int64_t greatest_before(Storage& storage, std::uint64_t first) {
  std::unique_ptr<StoredFile> file;
  HeadContent head;
  return open_events(storage, first, Use::read, file, head) == 0 ? head.greatest_before : INT64_MAX;
}

}  // namespace

int prune(Storage& storage, const Pruning& pruning, bool only_look, Removed& removed) {
  removed = {};
  std::vector<OldFile> files;
  std::uint64_t total = 0;
  if (const int error = list_sizes(storage, files, total)) return error;
  for (std::size_t i = 0; i + 1 < files.size(); ++i) {
    const std::uint64_t next = files[i + 1].first;
    const bool goes = next <= pruning.before || (pruning.bytes && total > *pruning.bytes) ||
                      (pruning.older_than && greatest_before(storage, next) < *pruning.older_than);
    if (!goes) break;
    if (!only_look) {
      const int error = storage.unlink(events_name(files[i].first));
      if (error != 0 && error != ENOENT) return error;
      storage.unlink(index_name(files[i].first));  // one that is left is of no file, and does no harm
    }
    ++removed.files;
    removed.bytes += files[i].bytes;
    removed.last = next - 1;
    total -= files[i].bytes;
    if (!only_look) {  // before the next one goes, so that a power failure leaves no hole
      if (const int error = storage.sync()) return error;
    }
  }
  return 0;
}

}  // namespace shmbus::journal
