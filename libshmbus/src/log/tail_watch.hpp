#pragma once

#include <cstdint>

namespace shmbus::log {

/// Bounds a loop that repeats because the tail has moved. Rounds in which the tail moved are not limited: each of them
/// is an event or a block of some publisher, however often this caller loses. Rounds in which it did not move are
/// counted, since contention explains only a few of them in a row. A tail only grows (modulo 2^64: the block's number
/// is in its top bits), so a tail that went back was not written by shmbus.
class TailWatch {
 public:
  explicit TailWatch(std::uint32_t rounds) noexcept : left_(rounds), rounds_(rounds) {}

  /// Takes the tail at the start of a round. Returns false where only corrupt data explains one more round.
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
