// What a reader does in front of a claim that is not committed.

#include <algorithm>

#include "log/claims.hpp"

#include "log/reader.hpp"
#include "log/repair.hpp"
#include "shmbus/detail/crash_point.hpp"

namespace shmbus::log {

namespace {
constexpr std::uint64_t kAskAgain = 50'000;            // ns between two checks of the owner: each may be a system call
constexpr std::uint64_t kWaitForRepairer = 5'000'000;  // ns until a reader passes a record that another process repairs
}  // namespace

/// Returns true where the reader may go on: by a commit, an abort, a repair, or by stepping over the claim.
bool Reader::pass_open_claim() noexcept {
  if (log_->exclusive()) return false;  // its tail moves only after the key
  const auto& format = log_->format();
  const std::uint64_t tail = log_->tail().load(std::memory_order_acquire);  // SYNC tail
  const auto offset = static_cast<std::size_t>(cursor_ - begin_);
  const std::uint64_t here = format.make(block_.number, offset, next_sequence_ - block_.first_sequence);
  // The end of the log; or a new block that is linked, but whose opener has not moved the tail into it.
  const bool not_entered =
      offset == 0 && tail == format.make(block_.number - 1, log_->block_size(), format.count(tail));
  if (tail == here || not_entered) {
    claim_since_ = 0;
    return false;
  }
  const std::uint64_t key = reinterpret_cast<const layout::RecordHeader*>(cursor_)->key.load(std::memory_order_acquire);
  if (key == key_ || key == ~key_) {  // SYNC commit; finished by now
    claim_since_ = 0;
    return true;
  }

  auto& environment = log_->environment();
  const std::uint64_t now = environment.monotonic_ns();
  // After the clock was set back, the duration of the wait is not known: start it again.
  const bool set_back = now < std::max(claim_since_, claim_asked_);
  if (claim_since_ == 0 || claim_at_ != cursor_ || set_back) {
    claim_since_ = now;
    claim_at_ = cursor_;
    claim_asked_ = 0;
    SHMBUS_CRASH_POINT("open_claim.found");
  }
  if (now - claim_asked_ < kAskAgain) return false;
  claim_asked_ = now;
  const std::uint64_t waited = now - claim_since_;
  const Holder holder = holder_of(*log_, here, block_.physical);
  // A publisher that finished during this check left its key, and its claim may be gone. The claims are conclusive only
  // if the record is still unfinished.
  const std::uint64_t again =
      reinterpret_cast<const layout::RecordHeader*>(cursor_)->key.load(std::memory_order_acquire);  // SYNC commit
  if (again == key_ || again == ~key_) {
    claim_since_ = 0;
    return true;
  }
  if (holder.kind != Holder::Kind::unknown && !fits(holder.rest.stride, holder.rest.padding())) return fail();
  SHMBUS_CRASH_POINT("open_claim.judged");
  switch (holder.kind) {
    case Holder::Kind::dead:
      if (repair_publisher(*log_, holder.port) == Repair::forbidden)
        return step_over(holder.rest.stride, holder.rest.events, false);
      return false;  // the next check sees the key
    case Holder::Kind::in_repair:
      return waited > kWaitForRepairer && step_over(holder.rest.stride, holder.rest.events, false);
    case Holder::Kind::living: {
      const bool reliable = waits_for_claims_ || (port_->mode.load(std::memory_order_acquire) & 1) != 0;
      return !reliable && waited > environment.stall_limit_ns() &&
             step_over(holder.rest.stride, holder.rest.events, true);
    }
    case Holder::Kind::unknown:
      // A tail that no claim explains for this long was not written by shmbus.
      return waited > environment.stall_limit_ns() && fail();
  }
  return false;
}

}  // namespace shmbus::log
