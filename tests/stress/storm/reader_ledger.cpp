#include "storm/reader_ledger.hpp"

#include "support/forked_process.hpp"

namespace storm {

using test::require;

ReaderLedger::ReaderLedger(const AuditTrail& audit_trail, std::uint64_t begin, std::uint64_t lost, bool counts_at_once)
    : audit_trail_(audit_trail),
      begin_(begin),
      lost_before_(lost),
      counts_at_once_(counts_at_once),
      entered_(begin - 1),
      lost_(lost),
      sequence_(begin - 1) {
  require(begin != 0, "a stretch that begins before the first sequence");
}

void ReaderLedger::enter(std::uint64_t sequence, std::uint64_t sum, std::uint64_t lost, std::uint64_t lapped) {
  require(sequence > entered_, "event " + std::to_string(sequence) + " after " + std::to_string(entered_));
  require(lost >= lost_, "the count of lost events went down");
  // A reader that lost something without being lapped stepped over a claim. If both happened between two events, all of it
  // counts as lapped.
  if (lapped == lapped_) stepped_over_ += lost - lost_;
  lapped_ = lapped;
  lost_ = lost;
  entered_ = sequence;
  entries_.push_back({sequence, sum, lost});
}

bool ReaderLedger::take_place() {
  if (!placed_ && audit_trail_.audited() >= begin_ - 1) {
    total_ = total_before_ = begin_ == 1 ? 0 : audit_trail_.read(begin_ - 1).total;
    placed_ = true;
  }
  return placed_;
}

bool ReaderLedger::settle() {
  if (!take_place()) return false;
  const std::uint64_t audited = audit_trail_.audited();
  for (; !entries_.empty() && entries_.front().sequence <= audited; entries_.pop_front()) check(entries_.front());
  return entries_.empty();
}

void ReaderLedger::check(const Entry& entry) {
  const AuditTrail::Line line = audit_trail_.read(entry.sequence);
  const std::string where = " at sequence " + std::to_string(entry.sequence);
  require(line.sum == entry.sum, line.sum == 0 ? "an event that the auditor did not see" + where
                                               : "another event than the auditor saw" + where);
  if (counts_at_once_) {
    const std::uint64_t between = entry.sequence - sequence_ - 1;
    const std::uint64_t missed = line.total - 1 - total_;
    const std::uint64_t counted = entry.lost - settled_lost_;
    require(counted >= missed && counted <= between,
            "the ledgers do not balance" + where + ": between it and " + std::to_string(sequence_) +
                " the auditor saw " + std::to_string(missed) + ", and " + std::to_string(counted) + " are counted as lost");
  }
  settled_lost_ = entry.lost;
  sequence_ = entry.sequence;
  total_ = line.total;
  ++seen_;
}

Balance ReaderLedger::close(bool lossless, std::uint64_t lost) const {
  require(placed_ && entries_.empty(), "a ledger is closed before it is settled");
  if (counts_at_once_) lost = settled_lost_;
  Balance b{
      .seen = seen_, .lost = lost, .audited = total_ - total_before_, .uncommitted = 0, .stepped_over = stepped_over_};
  b.uncommitted = sequence_ - (begin_ - 1) - b.audited;
  require(!lossless || lost <= lost_before_, "a reliable reader lost " + std::to_string(lost - lost_before_));
  require(b.seen + b.lost >= b.audited, "events neither seen nor counted as lost: the auditor saw " +
                                            std::to_string(b.audited) + ", seen are " + std::to_string(b.seen) +
                                            ", lost " + std::to_string(b.lost));
  require(b.excess() <= b.uncommitted, "more counted as lost than there were sequences");
  return b;
}

}  // namespace storm
