#include "dispatch/work_queue.hpp"

#include <algorithm>
#include <mutex>
#include <new>

namespace shmbus::detail {

namespace {

#if defined(__SANITIZE_THREAD__)
std::mutex seen_order;  // ThreadSanitizer does not see the fences that order the reuse of the queue's memory
std::unique_lock<std::mutex> queue_lock() { return std::unique_lock(seen_order); }
#else
struct QueueLock {
  ~QueueLock() {}
};
QueueLock queue_lock() { return {}; }
#endif

}  // namespace

std::optional<KeptEvent> WorkQueue::keep(const Event& event) noexcept {
  const std::size_t in_use = std::min(copied_.load(std::memory_order_relaxed), bytes_);
  try {
    std::size_t bytes = 0;
    std::optional<RetainedEvent> retained = event.retain_within(bytes_ - in_use, bytes);
    if (!retained) return std::nullopt;
    return KeptEvent(std::move(*retained), bytes, copied_);
  } catch (const std::bad_alloc&) {
    return std::nullopt;
  }
}

std::size_t WorkQueue::room() const noexcept {
  return events_ - std::min(events_, queued_.load(std::memory_order_relaxed));
}

bool WorkQueue::put(KeptEvent& event) noexcept {
  if (room() == 0) return false;
  {
    const auto lock = queue_lock();
    if (!queue_.enqueue(std::move(event))) return false;  // it moves the event last
  }
  queued_.fetch_add(1, std::memory_order_seq_cst);  // SYNC work: pairs with IdleWorkers::rest
  return true;
}

std::optional<KeptEvent> WorkQueue::take() noexcept {
  std::size_t queued = queued_.load(std::memory_order_seq_cst);
  while (queued != 0 && !queued_.compare_exchange_weak(queued, queued - 1, std::memory_order_seq_cst)) {
  }
  if (queued == 0) return std::nullopt;
  // At least as many events as are counted have been put into the queue. One of them is for this worker, though another
  // worker may be about to take the one that this worker sees.
  const auto lock = queue_lock();
  std::optional<KeptEvent> event;
  while (!queue_.try_dequeue(event)) {
  }
  return event;
}

}  // namespace shmbus::detail
