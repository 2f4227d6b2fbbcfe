#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "inspect/event_copy.hpp"
#include "log/block_log.hpp"
#include "log/log_end.hpp"
#include "platform/segment_file.hpp"
#include "platform/segment_name.hpp"
#include "registry/bus_clock.hpp"
#include "shmbus/snapshot.hpp"

namespace shmbus::detail {

/// Copies the newest events of a log without a port: without a pin, a mapping of the log, or a descriptor between
/// calls. Publishers may reuse a block while it is read. That is detected, and the block's events are left out.
class EventCopies {
 public:
  /// Copies nothing where the right to read the log is missing. *Throws* Error.
  EventCopies(const std::string& log_name, const std::string& object);

  /// Returns up to `count` events before `end`, oldest first, with the first `max_payload` bytes of each payload. A
  /// call reads a few MiB at most. Where that does not reach `end`, it returns earlier events, and the next call goes
  /// on there.
  std::vector<EventSnapshot> last(const log::BlockLog& log, const log::End& end, const CopySource& source,
                                  registry::BusClock& clock, std::size_t count, std::size_t max_payload);

 private:
  /// Where a record lies, before its payload is copied.
  struct Found {
    log::Block block;
    std::uint64_t offset = 0;
    std::uint64_t sequence = 0;
  };
  /// Where the next call begins: at the first event that this one returned.
  struct Cursor {
    std::uint64_t number = log::kNone;
    std::uint64_t offset = 0;
    std::uint64_t sequence = 0;
  };

  void walk(const platform::SegmentFile& file, const log::BlockLog& log, const log::Block& block, std::uint64_t wanted,
            std::size_t count, std::size_t& budget);

  std::optional<platform::SegmentName> file_;
  Cursor cursor_;
  std::deque<Found> found_;  // of the current call, by sequence
};

}  // namespace shmbus::detail
