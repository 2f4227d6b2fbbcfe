#include "storm/audit_trail.hpp"

#include "support/forked_process.hpp"

namespace storm {

AuditTrail::Line AuditTrail::read(std::uint64_t sequence) const {
  test::require(sequence <= audited(), "the auditor is not there yet");
  const SharedLine& line = lines_[sequence % kWindow];
  const Line found{line.sum.load(std::memory_order_relaxed), line.total.load(std::memory_order_relaxed)};
  std::atomic_thread_fence(std::memory_order_acquire);  // pairs with the one in `write`
  // The auditor may be writing the line after the one that `audited_` names.
  test::require(sequence + kWindow > audited() + 1,
                "a ledger was left for longer than the auditor's record reaches back");
  return found;
}

}  // namespace storm
