#pragma once

#include <concurrentqueue/concurrentqueue.h>

#include <atomic>
#include <cstddef>
#include <optional>
#include <utility>

#include "shmbus/event.hpp"

namespace shmbus::detail {

/// An event kept beyond the poll that gave it: its block is pinned, or it is a copy, whose bytes count until it is
/// dropped.
class KeptEvent {
 public:
  KeptEvent(RetainedEvent event, std::size_t bytes, std::atomic<std::size_t>& copied) noexcept
      : event_(std::move(event)), bytes_(bytes), copied_(&copied) {
    copied.fetch_add(bytes, std::memory_order_relaxed);  // a count alone
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

/// Events that the worker which polls hands to the others. Bounded in events and in bytes of copies; the library's pins
/// bound the rest.
class WorkQueue {
 public:
  WorkQueue(std::size_t events, std::size_t bytes) noexcept : events_(events), bytes_(bytes) {}

  /// For the worker that polls. Nothing where that takes a copy, and the bound or the memory leaves none.
  std::optional<KeptEvent> keep(const Event& event) noexcept;
  /// False where the queue is full, or there is no memory: `event` is then as it was.
  bool put(KeptEvent& event) noexcept;
  /// How many more fit; the worker that polls sees it grow only.
  std::size_t room() const noexcept;

  /// Any worker.
  std::optional<KeptEvent> take() noexcept;
  bool empty() const noexcept { return queued_.load(std::memory_order_seq_cst) == 0; }

 private:
  const std::size_t events_, bytes_;
  std::atomic<std::size_t> copied_{0};  // bytes; before the queue, whose events count themselves off
  std::atomic<std::size_t> queued_{0};  // events that are in the queue, and nobody has counted off to take
  moodycamel::ConcurrentQueue<KeptEvent> queue_;
};

}  // namespace shmbus::detail
