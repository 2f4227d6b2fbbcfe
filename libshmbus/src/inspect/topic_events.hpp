#pragma once

#include <sys/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "inspect/block_times.hpp"
#include "inspect/inspected_log.hpp"
#include "inspect/log_file.hpp"
#include "inspect/record_walk.hpp"
#include "log/log_end.hpp"
#include "registry/bus_clock.hpp"
#include "shmbus/error.hpp"
#include "shmbus/options.hpp"
#include "shmbus/snapshot.hpp"

namespace shmbus::detail {

/// Reads the events of one topic's ring without a port, in sequence order: block by block, with the RecordWalk in each.
///
/// E1 `expected_` is the sequence from which on missing ones count as lost. Where a block that is entered begins later,
///    the difference was lost.
/// E2 An event is out of `expected_` once it was copied. What was copied is handed out, even if it leaves the ring
///    meanwhile.
class TopicEvents {
 public:
  TopicEvents(std::unique_ptr<InspectedLog> segment, std::vector<uid_t> owners, registry::BusClock& clock,
              std::size_t max_payload);

  /// Goes to where reading begins. *Throws* Error: `stale_position` or `invalid_option` as a subscriber does, `corrupt`.
  void start(Start start);
  /// *Throws* Error as `start` does, where the topic can't be entered there.
  void check_start(Start start) const;
  /// Whether the ring holds all events from that time on.
  bool holds_from(std::int64_t ns) const;
  /// Whether event `sequence` is in the ring, or not published yet.
  bool holds(std::uint64_t sequence) const;
  /// Goes to event `sequence`. Returns false, and changes nothing, where it has left the ring.
  bool resume(std::uint64_t sequence);
  /// Goes to the oldest event in the ring from `sequence` on; what lies between counts as lost.
  void skip_to(std::uint64_t sequence);
  /// Stops in front of events that have left the ring, instead of counting them as lost: see `lapped`.
  void stop_where_lapped() noexcept { stops_ = true; }
  /// Whether it stands in front of such events, from `next_sequence` on.
  bool lapped() const noexcept { return lapped_; }
  /// The time that a start looks for; 0: none, or it was found.
  std::int64_t sought_time() const noexcept { return skip_time_; }
  /// *Throws* Error where the log's file can't be read.
  void check_readable() { file_.open(); }
  /// Reads no event that is not published yet.
  void end_here();

  /// Makes the next event the current one. Copies the next piece, of at most `piece` bytes, where the last one is used
  /// up and does not reach `end`. Returns false where there is no event now: see `problem`, `waits`.
  bool advance(std::size_t piece, std::uint64_t end = std::numeric_limits<std::uint64_t>::max());

  // The current event.
  Time time() const noexcept { return time_; }
  void copy(EventSnapshot& event) const { copy_event(segment_->source(), current_, time_, max_payload_, event); }

  /// Whether the topic can't be read any further.
  bool corrupt() const noexcept { return corrupt_; }
  /// Sequence from which on no event is read.
  std::uint64_t end() const noexcept { return end_; }
  std::size_t max_payload() const noexcept { return max_payload_; }
  bool timestamps() const noexcept { return segment_->log().timestamps(); }
  /// Sequence of the event after the newest one. *Throws* Error, `corrupt`.
  std::uint64_t published() const;

  std::uint64_t lost() const noexcept { return lost_; }
  const std::string& name() const noexcept { return segment_->source().topic; }
  const InspectedLog& segment() const noexcept { return *segment_; }
  /// Why it can't be read, or not now.
  const std::optional<Error>& problem() const noexcept { return problem_; }
  /// Whether the next event is claimed and not committed, though the log goes on behind it.
  bool waits() const noexcept { return waits_; }
  /// The sequence of the next event.
  std::uint64_t next_sequence() const noexcept { return std::max(expected_, in_block_ ? walk_.sequence() : position_); }
  bool removed() const noexcept { return segment_->removed(); }
  /// Closes the log's file until it is needed.
  void close() noexcept { file_.close(); }

 private:
  void leave() noexcept;
  void start_at_end(const log::End& end, std::uint64_t sequence);
  void start_oldest(const log::End& end);
  void start_at_sequence(const log::End& end, std::uint64_t sequence, bool missed_counts);
  void start_at_time(const log::End& end, std::int64_t ns);
  bool take(const CopiedRecord& record);
  bool read_on(std::size_t piece);
  bool enter_block();
  void leave_block();
  void leave_lapped_block();
  void count_missed(std::uint64_t first_sequence) noexcept;
  log::End log_end() const;
  std::uint64_t claimed_part(const log::End& end) const noexcept;
  bool next_block_goes_on() const noexcept;
  bool claimed(std::uint64_t offset) const noexcept;
  bool pass_unfinished(const platform::SegmentFile& file, std::size_t piece, std::uint64_t limit);
  Error corrupt_error(const std::string& found) const;

  std::unique_ptr<InspectedLog> segment_;
  const log::BlockLog* log_;
  registry::BusClock* clock_;
  std::size_t max_payload_;
  LogFile file_;
  RecordWalk walk_;
  bool in_block_ = false;       // else: before `wanted_`
  std::uint64_t wanted_ = 1;    // number of the block to enter next
  std::uint64_t position_ = 0;  // sequence at which the last block ended or began; blocks only go up
  std::uint64_t expected_ = 1;  // E1
  std::uint64_t end_ = std::numeric_limits<std::uint64_t>::max();  // sequence; events from here on are not read
  std::int64_t skip_time_ = 0;                                     // events of an earlier time are passed over; 0: none
  std::optional<BlockTimes> times_;                                // of the block
  EventRecord current_;
  Time time_{};
  std::uint64_t lost_ = 0;
  bool stops_ = false;
  bool lapped_ = false;
  bool waits_ = false;
  bool corrupt_ = false;
  std::optional<Error> problem_;
};

}  // namespace shmbus::detail
