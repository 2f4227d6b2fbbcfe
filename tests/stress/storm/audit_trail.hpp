#pragma once

#include <atomic>
#include <cstdint>

#include "storm/shared_array.hpp"

namespace storm {

/// What the auditor of a topic saw at each sequence, for the others to compare with. It holds the latest kWindow sequences,
/// so that memory is bounded however long the storm lasts. That is enough: the auditor is a reliable reader, so no publisher
/// is more than a ring ahead of it, and no process is stopped for as long as a window takes.
class AuditTrail {
 public:
  static constexpr std::uint64_t kWindow = std::uint64_t{1} << 21;

  struct Line {
    std::uint64_t sum = 0;    ///< the event's checksum; 0: no event was ever committed there
    std::uint64_t total = 0;  ///< number of events up to and including this sequence
  };

  AuditTrail() : lines_(kWindow) {}

  /// Appends the next sequence, with its event's sum or 0. Called by the auditor alone.
  void write(std::uint64_t sequence, std::uint64_t sum) {
    SharedLine& line = lines_[sequence % kWindow];
    total_ += sum != 0;
    // A process that reads a line while it is overwritten finds `audited_` too far ahead: pairs with the fence in `read`.
    std::atomic_thread_fence(std::memory_order_release);
    line.sum.store(sum, std::memory_order_relaxed);
    line.total.store(total_, std::memory_order_relaxed);
    audited_[0].store(sequence, std::memory_order_release);
  }

  /// The newest sequence the auditor has passed.
  std::uint64_t audited() const noexcept { return audited_[0].load(std::memory_order_acquire); }

  /// Returns the line of a sequence, from 0, that the auditor has passed. Throws if the line has been overwritten.
  Line read(std::uint64_t sequence) const;

 private:
  struct SharedLine {
    std::atomic<std::uint64_t> sum;
    std::atomic<std::uint64_t> total;
  };
  SharedArray<SharedLine> lines_;
  SharedArray<std::atomic<std::uint64_t>> audited_{1};
  std::uint64_t total_ = 0;  // in the auditor's process
};

}  // namespace storm
