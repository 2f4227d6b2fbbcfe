#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "journal/event_index.hpp"
#include "journal/file_head.hpp"
#include "journal/storage.hpp"

namespace shmbus::journal {

/// Bytes that were on stable storage and are damaged, and the numbers of the events that they may have held.
struct Damage {
  std::string file{};
  std::uint64_t offset = 0;
  std::uint64_t first = 0;
  std::uint64_t last = 0;  ///< below `first`: they held no event

  std::uint64_t numbers() const noexcept { return last + 1 - first; }
  bool operator==(const Damage&) const = default;
};

/// A range of numbers.
struct NumberRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;

  bool operator==(const NumberRange&) const = default;
};

/// What a segment file holds.
struct FileContent {
  EventIndex index{};
  std::uint64_t end = kFileHeader;  ///< behind the last frame that counts
  std::uint64_t next = 1;           ///< the number behind the last one that a frame or damage names
  bool clean = false;               ///< the file ends with a closing frame
  std::uint64_t tail_bytes = 0;     ///< bytes behind `end` that were being written, and never synced
  std::uint64_t frames = 0;         ///< valid ones
  std::uint64_t events = 0;
  std::vector<NumberRange> gaps{};
  std::vector<NumberRange> missing{};
  std::vector<Damage> damage{};
};

/// Reads a whole segment file. `preceding_of_next`: what the header of the next file says, for a file that has one; such
/// a file has no unsynced tail, and its frames count up to that number. Returns an errno value.
int read_content(StoredFile& file, const HeadContent& head, std::optional<std::uint64_t> preceding_of_next,
                 std::uint64_t index_spacing, FileContent& content);

/// What opening a journal for writing found.
struct Recovered {
  /// The last number that a frame or damage names, or the one before the last file's first; 0: none.
  std::uint64_t last = 0;
  bool clean = true;             ///< it was closed, or is new
  std::uint64_t tail_bytes = 0;  ///< that were cut: a frame that was being written, or was never synced
  std::vector<Damage> damage{};  ///< of the last file
};

}  // namespace shmbus::journal
