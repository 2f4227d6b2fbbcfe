#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include "durable/cursor_file.hpp"
#include "durable/handled_prefix.hpp"
#include "durable/held_place.hpp"

namespace shmbus::durable {

/// A durable subscription's cursor in a topic that it reads. Any thread.
class TopicCursor {
 public:
  /// `holder` is the subscription, for `is_of`.
  TopicCursor(CursorFile file, const void* holder, std::unique_ptr<HeldPlace> place) noexcept
      : file_(std::move(file)), place_(std::move(place)), holder_(holder), acknowledged_(file_.acknowledged()) {}

  /// The place in the ring that moves with it; null without `hold_for`.
  const HeldPlace* place() const noexcept { return place_.get(); }
  /// Leaves the place to the next holder of the name. It does not move any more.
  void leave_place() noexcept {
    const std::lock_guard lock(mutex_);
    if (place_) place_->leave();
  }
  bool is_of(const void* holder) const noexcept { return holder == holder_; }
  std::uint64_t acknowledged() const noexcept { return acknowledged_.load(std::memory_order_acquire); }

  /// Acknowledges all events up to a sequence, by one write. Does nothing where they are. *Throws* Error.
  void acknowledge(std::uint64_t sequence);

  // For handlers on worker threads: an event is acknowledged once it and all before it were handled.

  /// The event is handed out. The polling worker, in sequence order. May throw std::bad_alloc.
  void begin(std::uint64_t sequence);
  /// The event was handled. Writes the cursor where the latest write is a millisecond old, or `idle` and nothing is left.
  /// *Throws* Error.
  void finish(std::uint64_t sequence, bool idle);
  /// Writes what was handled and not written yet. *Throws* Error.
  void flush();

 private:
  void write(std::uint64_t sequence);

  std::mutex mutex_;
  CursorFile file_;
  std::unique_ptr<HeldPlace> place_;
  HandledPrefix handled_;
  std::uint64_t written_ns_ = 0;  // monotonic
  const void* holder_;
  std::atomic<std::uint64_t> acknowledged_;
};

}  // namespace shmbus::durable
