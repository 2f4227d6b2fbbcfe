#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "storm/audit_trail.hpp"

namespace storm {

/// The balance of one reader's stretch of a topic, from the sequence it began with to the last event it got.
struct Balance {
  std::uint64_t seen = 0;
  std::uint64_t lost = 0;          ///< as the reader counted
  std::uint64_t audited = 0;       ///< events that the auditor saw in the stretch
  std::uint64_t uncommitted = 0;   ///< sequences of the stretch at which the auditor saw none
  std::uint64_t stepped_over = 0;  ///< open claims of the living that the reader did not wait for; part of `lost`

  std::uint64_t excess() const noexcept { return seen + lost - audited; }
};

/// What one reader saw of one topic. Each event is compared with the auditor's record as soon as the auditor has passed
/// it. What is exact: the order; that each event is the one that the auditor saw at that sequence; that a reader which
/// counted nothing as lost between two events missed none there. What is bounded: where it did count, it counted at
/// least each event that the auditor saw between the two, and at most each sequence there. It may count what was never
/// committed, by an abort or a death: it was not there to see that, or did not wait to learn it.
class ReaderLedger {
 public:
  /// `lost`: what the reader counted when it took its place. `counts_at_once`: what it counts is known with each event,
  /// not only in the end.
  ReaderLedger(const AuditTrail& audit_trail, std::uint64_t begin, std::uint64_t lost, bool counts_at_once);

  /// The next event. `lost` and `lapped`: what the reader counted until then.
  void enter(std::uint64_t sequence, std::uint64_t sum, std::uint64_t lost, std::uint64_t lapped);
  /// Compares what the auditor has passed by now. True: all of it.
  bool settle();
  /// Once all is settled. Throws unless the whole balances. `lossless`: it was reliable from its begin to its end, and
  /// so lost nothing of what was there when it took its place. `lost`: what the reader counted up to its latest event,
  /// where that was not told with it.
  Balance close(bool lossless, std::uint64_t lost = 0) const;

  /// The newest sequence; before the first event the one before the stretch.
  std::uint64_t latest() const noexcept { return entered_; }

 private:
  struct Entry {
    std::uint64_t sequence;
    std::uint64_t sum;
    std::uint64_t lost;
  };
  void check(const Entry& entry);
  bool take_place();

  const AuditTrail& audit_trail_;
  const std::uint64_t begin_;
  const std::uint64_t lost_before_;
  const bool counts_at_once_;
  bool placed_ = false;  // the auditor has passed what lies before the stretch
  std::deque<Entry> entries_;
  std::uint64_t entered_;  // the newest sequence
  std::uint64_t lost_ = 0, lapped_ = 0, stepped_over_ = 0;
  // Settled.
  std::uint64_t sequence_;
  std::uint64_t settled_lost_ = 0;
  std::uint64_t total_ = 0, total_before_ = 0;
  std::uint64_t seen_ = 0;
};

}  // namespace storm
