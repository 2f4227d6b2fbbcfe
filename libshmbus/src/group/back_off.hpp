#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "layout/group.hpp"

namespace shmbus::group {

/// How long an event waits after a lease that did not settle it.
class BackOff {
 public:
  BackOff() = default;
  explicit BackOff(const std::vector<std::uint64_t>& ns) noexcept
      : count_(static_cast<std::uint32_t>(std::min<std::size_t>(ns.size(), layout::kMaxBackOff))) {
    for (std::size_t i = 0; i < count_; ++i) ns_[i] = std::min(ns[i], kMost);
  }

  /// Returns the nanoseconds after the lease that was the event's `leases`-th.
  std::uint64_t after(std::uint64_t leases) const noexcept {
    const std::uint64_t chosen =
        count_ == 0 ? 0 : ns_[std::min<std::uint64_t>(std::max<std::uint64_t>(leases, 1), count_) - 1];
    return at_least(leases, chosen);
  }
  /// The same where the holder chose the time.
  std::uint64_t at_least(std::uint64_t leases, std::uint64_t chosen_ns) const noexcept {
    return leases < layout::SlotWord::kFirstOfMany ? chosen_ns : std::max(chosen_ns, kPauseOfMany);
  }

  static constexpr std::uint64_t kMost = std::uint64_t{7} * 86'400 * 1'000'000'000;  // a week
  /// Between two leases from SlotWord::kFirstOfMany on. The count of an event's leases has 16 bits, and must not come round
  /// while a holder is stopped for a day.
  static constexpr std::uint64_t kPauseOfMany = 2'000'000'000;

 private:
  std::uint64_t ns_[layout::kMaxBackOff] = {};
  std::uint32_t count_ = 0;
};

}  // namespace shmbus::group
