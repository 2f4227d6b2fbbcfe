#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "storm/audit_trail.hpp"

namespace storm {

/// The balance of one reader's range of a topic, from the sequence it began with to the last event it got.
struct Balance {
  std::uint64_t seen = 0;
  std::uint64_t lost = 0;          ///< as the reader counted
  std::uint64_t audited = 0;       ///< events that the auditor saw in the range
  std::uint64_t uncommitted = 0;   ///< sequences of the range at which the auditor saw no event
  std::uint64_t stepped_over = 0;  ///< open claims of living publishers that the reader did not wait for; part of `lost`

  std::uint64_t excess() const noexcept { return seen + lost - audited; }
};

/// What one reader saw of one topic. Each event is compared with the auditor's record as soon as the auditor has passed it.
/// Three checks are exact: the order; that each event is the one that the auditor saw at that sequence; that a reader which
/// counted nothing as lost between two events missed none between them. One check has bounds: a reader that did count losses
/// counted at least each event that the auditor saw between the two, and at most each sequence between them. It may count
/// sequences that an abort or a death left without an event, since it was lapped there or did not wait.
class ReaderLedger {
 public:
  /// `lost`: what the reader had counted at its start. `counts_at_once`: its count is known with each event, not only at the
  /// end.
  ReaderLedger(const AuditTrail& audit_trail, std::uint64_t begin, std::uint64_t lost, bool counts_at_once);

  /// Adds the next event. `lost` and `lapped`: what the reader had counted by then.
  void enter(std::uint64_t sequence, std::uint64_t sum, std::uint64_t lost, std::uint64_t lapped);
  /// Compares the events that the auditor has passed by now. Returns whether these are all.
  bool settle();
  /// Closes the ledger once all events are compared. Throws unless it balances. `lossless`: the reader was reliable from start
  /// to end, and so lost nothing of what was retained at its start. `lost`: what the reader counted up to its latest event, if
  /// that was not given with the event.
  Balance close(bool lossless, std::uint64_t lost = 0) const;

  /// The newest sequence; before the first event it is the one before the range.
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
  bool placed_ = false;  // the auditor has passed all that lies before the range
  std::deque<Entry> entries_;
  std::uint64_t entered_;  // the newest sequence
  std::uint64_t lost_ = 0, lapped_ = 0, stepped_over_ = 0;
  // Figures of the compared events.
  std::uint64_t sequence_;
  std::uint64_t settled_lost_ = 0;
  std::uint64_t total_ = 0, total_before_ = 0;
  std::uint64_t seen_ = 0;
};

}  // namespace storm
