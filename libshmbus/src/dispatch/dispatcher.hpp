#pragma once

#include <concurrentqueue/blockingconcurrentqueue.h>
#include <concurrentqueue/lightweightsemaphore.h>

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "client/bus_core.hpp"
#include "shmbus/subscriber.hpp"
#include "shmbus/subscription.hpp"

namespace shmbus::detail {

/// One subscription at work: a thread polls and hands events over, worker threads call the handler. Each subscription
/// has threads of its own, so that a slow or hanging handler delays no other.
class Dispatcher {
 public:
  /// Throws Error.
  Dispatcher(std::shared_ptr<BusCore> bus, Subscriber subscriber, Handler handler, const DispatchOptions& options);
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;
  ~Dispatcher();

  std::uint64_t handled() const noexcept { return handled_.load(std::memory_order_relaxed); }
  std::uint64_t errors() const noexcept { return errors_.load(std::memory_order_relaxed); }
  std::uint64_t lost() const noexcept { return lost_.load(std::memory_order_relaxed); }

 private:
  using Item = std::optional<RetainedEvent>;  // nothing: the worker ends

  void end() noexcept;
  void poll();
  void work();
  void handle(const Event& event) noexcept;
  void report(const Event& event, const char* what) noexcept;
  bool stopping() const noexcept { return stop_.load(std::memory_order_acquire) || bus_->interrupted(); }

  std::shared_ptr<BusCore> bus_;
  Subscriber subscriber_;
  Handler handler_;
  moodycamel::BlockingConcurrentQueue<Item> queue_;
  moodycamel::LightweightSemaphore room_;  // places left in the queue
  std::atomic<bool> stop_{false};
  std::atomic<std::uint64_t> handled_{0};
  std::atomic<std::uint64_t> errors_{0};
  std::atomic<std::uint64_t> lost_{0};
  std::atomic<std::uint64_t> reported_ns_{0};
  std::vector<std::thread> workers_;
  std::thread poller_;
};

}  // namespace shmbus::detail
