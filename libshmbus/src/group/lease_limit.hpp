#pragma once

#include <atomic>
#include <cstdint>

#include "layout/group.hpp"

namespace shmbus::group {

/// How many leases are out at one time, where the group limits that. Any thread of any member.
///
/// B1 A lease is counted before its slot is taken, and until after the slot is let go, by whoever lets it go. So the count is
///    never too low, and the limit is never passed. A member that dies in between leaves it too high.
/// B2 A sweep counts the slots that are leased, and corrects the word where nothing changed meanwhile: the upper half
///    counts changes. A group that stands at its limit does not change.
class LeaseLimit {
 public:
  /// `most` is 0 where there is no limit. Then nothing is counted.
  LeaseLimit(layout::GroupHeader& shared, std::uint64_t most) noexcept : word_(&shared.leased), most_(most) {}

  /// Counts one more. Returns false, and counts nothing, where that would be too many.
  bool take() noexcept {
    if (most_ == 0) return true;
    if (out(word_->fetch_add(kChange + 1, std::memory_order_seq_cst)) < most_) return true;
    give();
    return false;
  }
  void give() noexcept {
    if (most_ != 0) word_->fetch_add(kChange - 1, std::memory_order_seq_cst);
  }
  bool reached() const noexcept { return most_ != 0 && out(word()) >= most_; }
  bool limits() const noexcept { return most_ != 0; }

  std::uint64_t word() const noexcept { return word_->load(std::memory_order_seq_cst); }
  /// Sets the count of leases to `counted`, unless it has changed since it was `seen`.
  void correct(std::uint64_t seen, std::uint64_t counted) noexcept {
    if (out(seen) != counted)
      word_->compare_exchange_strong(seen, ((seen >> 32) + 1) << 32 | counted, std::memory_order_seq_cst);
  }

 private:
  static constexpr std::uint64_t kChange = std::uint64_t{1} << 32;
  static constexpr std::uint64_t out(std::uint64_t word) noexcept { return word & (kChange - 1); }

  std::atomic<std::uint64_t>* word_;
  std::uint64_t most_;
};

}  // namespace shmbus::group
