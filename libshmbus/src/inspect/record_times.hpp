#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "log/block_log.hpp"
#include "platform/segment_file.hpp"
#include "platform/segment_name.hpp"

namespace shmbus::detail {

/// Finds the time stamps of events for who only looks: no pin, no mapping of the log, no descriptor in between. What is
/// read may be overwritten meanwhile, which is noticed. It remembers where it was for each subscriber, so that a look
/// goes on from the last one.
class RecordTimes {
 public:
  /// Throws Error. Without the right to read the log it never finds anything.
  RecordTimes(const std::string& log_name, const std::string& object);

  /// The stamp of the first event from `sequence` on, or of the oldest retained one where that has left the ring.
  /// Nothing where it can't be told. Where very many records lie between, the stamp of an earlier event: a call reads
  /// only so far, and the next goes on from there.
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
