#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "log/block_log.hpp"
#include "platform/segment_file.hpp"
#include "platform/segment_name.hpp"

namespace shmbus::detail {

/// Finds the time stamps of events for an inspector: without a pin, a mapping of the log, or a descriptor between
/// calls. Records may be overwritten while they are read; that is detected. It remembers its place for each subscriber,
/// so that a call continues where the last one stopped.
class UnreadStamps {
 public:
  /// Finds nothing where the right to read the log is missing. *Throws* Error.
  UnreadStamps(const std::string& log_name, const std::string& object);

  /// Returns the stamp of the first event from `sequence` on, or of the oldest event in the ring where that has left
  /// it. Returns nothing where the stamp can't be found. A call reads a limited number of bytes: where that does not
  /// reach `sequence`, it returns the stamp of an earlier event, and the next call goes on from there.
  std::optional<std::uint64_t> stamp_of(const log::BlockLog& log, unsigned port, std::uint64_t newest_block,
                                        std::uint64_t sequence);

 private:
  struct Cursor {
    std::uint64_t number = log::kNone;
    std::uint64_t offset = 0;
    std::uint64_t sequence = 0;
  };
  static std::optional<std::uint64_t> walk(const platform::SegmentFile& file, const log::BlockLog& log,
                                           const log::Block& block, Cursor& cursor, std::uint64_t sequence);

  std::optional<platform::SegmentName> file_;
  std::map<unsigned, Cursor> cursors_;  // by port
};

}  // namespace shmbus::detail
