// Where a JournalReader begins.

#include <algorithm>
#include <cerrno>

#include "journal/file_names.hpp"
#include "journal/journal_reader.hpp"

namespace shmbus::journal {

int JournalReader::seek_oldest() {
  failure_ = {};
  if (const int error = refresh()) return error;
  current_ = {};
  position_ = firsts_.empty() ? 1 : std::max<std::uint64_t>(firsts_.front(), 1);
  return 0;
}

int JournalReader::seek_sequence(std::uint64_t number) {
  failure_ = {};
  current_ = {};
  position_ = std::max<std::uint64_t>(number, 1);
  return place();
}

int JournalReader::seek_time(std::int64_t ns) {
  failure_ = {};
  current_ = {};
  for (int tries = 0;; ++tries) {
    if (const int error = refresh()) return error;
    if (firsts_.empty()) {
      position_ = 1;
      return 0;
    }
    // The last file before which every event is older. The greatest time never falls from file to file.
    std::size_t low = 0;
    std::size_t high = firsts_.size();
    while (high - low > 1) {
      const std::size_t middle = low + (high - low) / 2;
      OpenFile file;
      const int error = open_file(firsts_[middle], file);
      if (error != 0 && error != EBADMSG && error != ENOENT) {
        return fail(error, "opening " + events_name(firsts_[middle]));
      }
      if (error != 0) {  // one that says nothing is as good as gone
        firsts_.erase(firsts_.begin() + static_cast<std::ptrdiff_t>(middle));
        --high;
      } else if (file.head.greatest_before < ns) {
        low = middle;
      } else {
        high = middle;
      }
    }
    position_ = std::max<std::uint64_t>(firsts_[low], 1);
    int error = refresh();
    if (error == 0) error = enter_from(position_);
    if (error == 0) error = walk_to_time(ns);
    if (error == 0) return 0;
    current_ = {};
    if (error != ENOENT || tries == kVanishTries) return failure_ ? error : fail(error, "seeking a time");
  }
}

/// Goes on to the first frame that has an event of that time or later, or to damaged bytes, which may have held one.
int JournalReader::walk_to_time(std::int64_t ns) {
  EventIndex index;
  if (index.read(*storage_, current_.head.first, current_.head.seed, current_.size) == 0) {
    offset_ = index.offset_for_time(ns);
  }
  position_ = std::max(position_, current_.head.first);
  for (;;) {
    FrameHeader header;
    bool found = false;
    if (const int error = load_header(header, found)) return error;
    if (found && (!bound_ || header.first <= *bound_)) {
      if (header.flags == kEventsFrame && header.last_time >= ns) {
        position_ = header.first;
        return 0;
      }
      pass(header);
      if (header.numbers != 0) position_ = header.last() + 1;
      continue;
    }
    if (!found) {
      std::uint64_t next = 0;
      if (const int error = find_header(next)) return error;
      if (next != 0) return 0;
    }
    if (!bound_) return 0;
    if (position_ <= *bound_) return 0;  // the end of this file is lost, and `next` names it
    const auto later = listed_after(current_.head.first);
    if (!later) return 0;
    if (const int error = enter_from(*later)) return error;
    position_ = std::max(position_, current_.head.first);
  }
}

}  // namespace shmbus::journal
