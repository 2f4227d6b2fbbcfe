#pragma once

#include <cstdint>

namespace shmbus::log {

/// Bounds a loop that goes round because the tail moved meanwhile, as often as that happens: each such round is an
/// event or a block of some publisher's, however often one loses. A tail only grows (modulo 2^64: the block's number is
/// in its top bits). So rounds in which it stood still are counted, since contention explains few of them in a row; and
/// one that went back was not written by us.
class TailWatch {
 public:
  explicit TailWatch(std::uint32_t rounds) noexcept : left_(rounds), rounds_(rounds) {}

  /// Tells the tail that a round begins with. False: only broken bytes explain that there is one more.
  bool goes_on(std::uint64_t tail) noexcept {
    const auto step = static_cast<std::int64_t>(tail - last_);
    moved_ = first_ || step != 0;
    if (!first_ && step < 0) return false;
    left_ = moved_ ? rounds_ : left_ - 1;
    first_ = false;
    last_ = tail;
    return left_ != 0;
  }

  /// Whether the tail has moved since the last round.
  bool moved() const noexcept { return moved_; }

 private:
  std::uint64_t last_ = 0;
  std::uint32_t left_, rounds_;
  bool first_ = true, moved_ = true;
};

}  // namespace shmbus::log
