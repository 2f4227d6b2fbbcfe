#pragma once

#include <concurrentqueue/concurrentqueue.h>

#include <atomic>
#include <cstddef>
#include <optional>
#include <utility>

#include "shmbus/event.hpp"

namespace shmbus::detail {

/// An event kept longer than the poll that returned it. Its block is pinned, or it is a copy, whose bytes are counted
/// until it is dropped.
class KeptEvent {
 public:
  KeptEvent(RetainedEvent event, std::size_t bytes, std::atomic<std::size_t>& copied) noexcept
      : event_(std::move(event)), bytes_(bytes), copied_(&copied) {
    copied.fetch_add(bytes, std::memory_order_relaxed);  // only a count
  }
  KeptEvent(KeptEvent&& other) noexcept
      : event_(std::move(other.event_)), bytes_(std::exchange(other.bytes_, 0)), copied_(other.copied_) {}
  KeptEvent& operator=(KeptEvent&& other) noexcept {
    if (this != &other) {
      drop();
      event_ = std::move(other.event_);
      bytes_ = std::exchange(other.bytes_, 0);
      copied_ = other.copied_;
    }
    return *this;
  }
  ~KeptEvent() { drop(); }

  const Event& operator*() const noexcept { return *event_; }

 private:
  void drop() noexcept { copied_->fetch_sub(std::exchange(bytes_, 0), std::memory_order_relaxed); }

  RetainedEvent event_;
  std::size_t bytes_;
  std::atomic<std::size_t>* copied_;
};

/// Events that the polling worker passes to the others. The number of events and the bytes of copies are bounded;
/// events that are not copies are bounded by the library's pins.
class WorkQueue {
 public:
  WorkQueue(std::size_t events, std::size_t bytes) noexcept : events_(events), bytes_(bytes) {}

  /// Keeps an event. For the polling worker. Returns nothing where a copy is needed, and the bound is reached or there
  /// is no memory.
  std::optional<KeptEvent> keep(const Event& event) noexcept;
  /// Queues an event. Returns false where the queue is full or there is no memory; `event` is then unchanged.
  bool put(KeptEvent& event) noexcept;
  /// How many more events fit. While the polling worker puts none, the number only grows.
  std::size_t room() const noexcept;

  /// Takes an event, if there is one. Any worker.
  std::optional<KeptEvent> take() noexcept;
  bool empty() const noexcept { return queued_.load(std::memory_order_seq_cst) == 0; }

 private:
  const std::size_t events_, bytes_;
  std::atomic<std::size_t> copied_{0};  // bytes; declared before the queue: its events subtract theirs when destroyed
  std::atomic<std::size_t> queued_{0};  // events in the queue that no worker has counted off to take
  moodycamel::ConcurrentQueue<KeptEvent> queue_;
};

}  // namespace shmbus::detail
