#include "durable/topic_cursor.hpp"

#include "platform/clock.hpp"

namespace shmbus::durable {

void TopicCursor::write(std::uint64_t sequence) {
  file_.acknowledge(sequence);
  acknowledged_.store(file_.acknowledged(), std::memory_order_release);
  if (place_) place_->move_to(file_.acknowledged() + 1);
}

void TopicCursor::acknowledge(std::uint64_t sequence) {
  if (sequence <= acknowledged()) return;
  const std::lock_guard lock(mutex_);
  write(sequence);
}

void TopicCursor::begin(std::uint64_t sequence) {
  const std::lock_guard lock(mutex_);
  handled_.begin(sequence);
}

void TopicCursor::finish(std::uint64_t sequence, bool idle) {
  constexpr std::uint64_t kBetweenWrites = 1'000'000;  // ns
  const std::lock_guard lock(mutex_);
  handled_.finish(sequence);
  const std::uint64_t now = platform::monotonic_ns();
  if (now - written_ns_ < kBetweenWrites && !(idle && handled_.complete())) return;
  written_ns_ = now;
  write(handled_.end());
}

void TopicCursor::flush() {
  const std::lock_guard lock(mutex_);
  write(handled_.end());
}

}  // namespace shmbus::durable
