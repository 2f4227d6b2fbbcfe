#pragma once

#include <cstdint>
#include <memory>

#include "journal/storage.hpp"

namespace shmbus::journal {

/// The numbers that a topic's events may have been given: reserved on disk before they are used, so that none is given
/// twice, whatever happens. One process at a time, and one thread. The functions return 0 or an errno value.
class Numbers {
 public:
  Numbers() = default;

  /// Reads the file `numbers`. Where there is none and no segment file either, this is a new journal: both values are 0,
  /// and the first `reserve` creates the file. EBADMSG where the file is damaged, or missing beside segment files: then
  /// no number can be given safely.
  int open(Storage& storage);

  /// Counts the good sectors of the file, of two. Changes nothing, and needs no right to write.
  static int count_good_sectors(Storage& storage, unsigned& good);

  /// Whether the journal was closed, by a good sector. Changes nothing, and needs no right to write.
  static int was_closed(Storage& storage, bool& closed);

  /// Numbers below it may have been given.
  std::uint64_t end() const noexcept { return end_; }
  /// After a clean end: the number that comes next; else 0. After an unclean end numbering goes on at `end`.
  std::uint64_t next() const noexcept { return next_; }

  /// Numbers below `end` may be given when this has returned 0. Never lowers the end. The journal is in use from then
  /// on: `next` is 0.
  int reserve(std::uint64_t end);
  /// Notes a clean end: `next` comes next, and no number from there on was given. EINVAL where that is beyond the end.
  int close(std::uint64_t next);

 private:
  int write(std::uint64_t end, std::uint64_t next);

  Storage* storage_ = nullptr;
  std::unique_ptr<StoredFile> file_{};
  std::uint64_t generation_ = 0;
  std::uint64_t end_ = 0;
  std::uint64_t next_ = 0;
};

}  // namespace shmbus::journal
