#pragma once

#include <concurrentqueue/concurrentqueue.h>  // lightweightsemaphore.h needs it
#include <concurrentqueue/lightweightsemaphore.h>

#include <atomic>

namespace shmbus::detail {

/// Where workers without work sleep. No call is lost:
///
/// - A worker first counts itself as resting, then checks for work once more. A worker that leaves work first makes
///   it visible (SYNC work), then checks whether a worker rests. All four steps are sequentially consistent. So the
///   resting worker sees the work, or the other one sees the resting worker.
/// - A call takes one worker off the count before it wakes it. A worker that goes on without a call takes itself off.
///   If the count is already 0, another worker has called it, and the signal of that call has come or will come soon.
class IdleWorkers {
 public:
  /// Sleeps until called, unless `work_left()`. Check for work again afterwards.
  template <class WorkLeft>
  void rest(WorkLeft work_left) noexcept {
    resting_.fetch_add(1, std::memory_order_seq_cst);
    if (work_left() && take_off()) return;  // SYNC work: pairs with WorkQueue::put and HandlerLoop::give_up_polling
    calls_.wait();
  }

  /// Wakes one worker, if one rests.
  void call_one() noexcept {
    if (take_off()) calls_.signal();
  }

  /// Wakes all workers that rest.
  void call_all() noexcept {
    if (const auto resting = resting_.exchange(0, std::memory_order_seq_cst); resting > 0) calls_.signal(resting);
  }

 private:
  bool take_off() noexcept {
    int resting = resting_.load(std::memory_order_seq_cst);
    while (resting > 0) {
      if (resting_.compare_exchange_weak(resting, resting - 1, std::memory_order_seq_cst)) return true;
    }
    return false;
  }

  std::atomic<int> resting_{0};                   // workers that rest and are not called yet
  moodycamel::LightweightSemaphore calls_{0, 0};  // does not spin: the handlers need the cores
};

}  // namespace shmbus::detail
