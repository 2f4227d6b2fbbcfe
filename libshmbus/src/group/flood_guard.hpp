#pragma once

#include <atomic>
#include <cstdint>

#include "layout/group.hpp"

namespace shmbus::group {

/// Slows a group down whose leases fail: when more than half of the latest hundred were given back, expired or died with
/// their holder, it leases one event a second until one is acknowledged. So a database that is down does not empty the
/// queue into the dead letters. Any thread of any member.
///
/// The latest hundred are counted in one word, which is halved when it has counted a hundred. A group without failures
/// writes nothing here.
class FloodGuard {
 public:
  explicit FloodGuard(layout::GroupHeader& shared) noexcept : shared_(&shared) {}

  bool cautious() const noexcept { return until() != 0; }
  /// Returns the moment before which a cautious group leases nothing, CLOCK_MONOTONIC ns; 0: it is not cautious.
  std::uint64_t until() const noexcept { return shared_->cautious_until.load(std::memory_order_acquire); }

  /// Whether an event may be leased now. A cautious group then leases none for a second.
  bool allow(std::uint64_t now_ns) noexcept {
    std::uint64_t until = this->until();
    if (until == 0) return true;
    // A moment that lies further ahead than it can was written by somebody else, or before the machine started anew.
    if (now_ns < until && until - now_ns <= kPause) return false;
    return shared_->cautious_until.compare_exchange_strong(until, now_ns + kPause, std::memory_order_acq_rel);
  }

  void succeeded() noexcept {
    if (shared_->failures.load(std::memory_order_relaxed) == 0) return;
    if (cautious()) {
      shared_->failures.store(0, std::memory_order_relaxed);
      shared_->cautious_until.store(0, std::memory_order_release);
      return;
    }
    count(0);
  }

  void failed(std::uint64_t now_ns) noexcept {
    if (count(1) <= kLatest / 2) return;
    std::uint64_t none = 0;
    if (shared_->cautious_until.compare_exchange_strong(none, now_ns + kPause, std::memory_order_acq_rel))
      shared_->cautious_times.fetch_add(1, std::memory_order_relaxed);
  }

 private:
  static constexpr std::uint64_t kLatest = 100;
  static constexpr std::uint64_t kPause = 1'000'000'000;

  /// Returns how many of those counted have failed.
  std::uint64_t count(std::uint64_t failures) noexcept {
    std::uint64_t found = shared_->failures.load(std::memory_order_relaxed);
    for (;;) {
      std::uint64_t failed = (found >> 32) + failures, all = (found & 0xffffffff) + 1;
      const std::uint64_t result = failed;
      if (all >= kLatest) failed /= 2, all /= 2;
      const std::uint64_t next = failed == 0 ? 0 : failed << 32 | all;
      if (shared_->failures.compare_exchange_weak(found, next, std::memory_order_relaxed)) return result;
    }
  }

  layout::GroupHeader* shared_;
};

}  // namespace shmbus::group
