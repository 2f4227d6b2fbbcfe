#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "client/bus_core.hpp"
#include "client/subscriber_core.hpp"
#include "dispatch/batch_size.hpp"
#include "dispatch/idle_workers.hpp"
#include "dispatch/work_queue.hpp"
#include "shmbus/subscriber.hpp"
#include "shmbus/subscription.hpp"
#include "trace/call_recorder.hpp"

namespace shmbus::detail {

/// What the workers of one subscription do, and what they share. It exists until the Subscription and all workers are
/// gone, so that a handler may end its own subscription. The last worker that ends unsubscribes.
///
/// A single worker polls, and calls the handler in place. Several workers share one right to poll:
///
/// - A worker takes a queued event if there is one, else the right if it is free, else it rests.
/// - The worker with the right polls a batch, or sleeps until there is one. It keeps the first event for itself, queues
///   the others, gives the right up, and handles its event. So an event that comes alone wakes one thread.
/// - Before each handler call, a worker calls a resting one if work is left: a queued event, or the right. So a worker
///   never becomes busy while both work and a resting worker are left (the called worker calls the next one). A worker
///   that has no event to handle takes the work itself.
/// - An event that can't be queued is handled in place by the worker that polls. No worker polls in the meantime, and
///   nothing is lost.
class HandlerLoop {
 public:
  HandlerLoop(std::shared_ptr<BusCore> bus, std::shared_ptr<SubscriberCore> core, Subscriber subscriber,
              Handler handler, const DispatchOptions& options);
  HandlerLoop(const HandlerLoop&) = delete;
  HandlerLoop& operator=(const HandlerLoop&) = delete;
  ~HandlerLoop() = default;

  /// Does one worker's work, until the subscription ends.
  void run();
  /// Takes the place of `run` for a worker whose thread could not be started.
  void give_up() noexcept;

  /// Makes the workers end when their handlers return. Any thread.
  void end() noexcept;
  /// Waits until the last worker has ended. Returns false when the time is over, or when a worker calls it, which would
  /// wait for itself.
  bool wait(std::chrono::nanoseconds timeout) noexcept;
  bool forked() const noexcept { return bus_->node().forked(); }

  std::uint64_t handled() const noexcept { return handled_.load(std::memory_order_relaxed); }
  std::uint64_t errors() const noexcept { return errors_.load(std::memory_order_relaxed); }
  std::uint64_t lost() const noexcept { return lost_.load(std::memory_order_relaxed); }
  Status status() const noexcept;
  bool demoted() noexcept;
  bool standing_by() const noexcept { return standing_by_.load(std::memory_order_relaxed); }
  std::vector<UnattachedTopic> unattached();

 private:
  struct Worker {
    HandlerLoop& loop;
    std::size_t number;               // among the workers, from 0
    std::optional<KeptEvent> kept{};  // polled, to be handled by this worker
    bool polls = false;               // has the right to poll
    bool returned = false;            // normally, not by pthread_exit
    ~Worker() { loop.leave(*this); }
  };

  void work_alone(const Worker& me);
  void work_with_others(Worker& me);
  bool poll_for_all(Worker& me);
  void poll_event(Worker& me, const Event& event);
  template <class OnEvent>
  std::size_t poll(const Worker& me, OnEvent on_event, std::size_t limit);
  bool take_polling() noexcept { return !polled_.exchange(true, std::memory_order_seq_cst); }
  void give_up_polling() noexcept { polled_.store(false, std::memory_order_seq_cst); }  // SYNC work
  bool work_left() const noexcept;
  void call_for_help() noexcept;
  void handle_kept(const Worker& me, KeptEvent event);
  void handle(const Worker& me, const Event& event);
  bool call_once(const Worker& me, const Event& event);
  bool call_again(const Worker& me, const Event& event);
  void begin_durable(const Event& event) noexcept;
  void finish_durable(const Event& event) noexcept;
  void call_handler(const Worker& me, const Event& event);
  void count_handled() noexcept;
  bool count_error(const Event& event) noexcept;
  void report(const Event& event, const char* what) noexcept;
  void watch_topics() noexcept;
  void publish_state() noexcept;
  void leave(Worker& me) noexcept;
  void finish() noexcept;
  bool stopping() const noexcept { return stop_.load(std::memory_order_acquire) || bus_->interrupted(); }

  std::shared_ptr<BusCore> bus_;
  Handler handler_;
  const std::string pattern_;
  const std::size_t workers_;
  const bool reliable_;
  const bool durable_;

  std::unique_ptr<trace::CallRecorder> recorder_;  // a lane for each worker; null: none

  // For the polling worker; passed on with the right to poll.
  std::shared_ptr<SubscriberCore> core_;
  std::optional<Subscriber> subscriber_;  // both reset by the last worker, under `mutex_`
  BatchSize batch_;
  std::uint64_t watched_generation_ = ~std::uint64_t{0};
  std::uint64_t shown_passes_ = ~std::uint64_t{0};  // the topic set's, when `unattached_` was copied

  WorkQueue queue_;
  IdleWorkers idle_;
  std::atomic<bool> polled_{false};   // a worker has the right to poll
  std::atomic<bool> drained_{false};  // the bus was removed and its last event polled; only queued events are left
  std::atomic<bool> stop_{false};
  std::atomic<std::size_t> alive_;       // workers
  std::atomic<std::size_t> started_{0};  // workers
  std::atomic<std::uint32_t> ended_{0};  // 1: the last worker has ended; a futex
  std::atomic<Status> status_{Status::ok};
  std::mutex mutex_;
  std::vector<std::shared_ptr<TopicReader>> watched_;  // the topics, for threads that ask, under `mutex_`
  std::vector<UnattachedTopic> unattached_;            // as of the latest poll, under `mutex_`
  bool demoted_ = false;                               // a demotion was seen, under `mutex_`

  std::atomic<bool> standing_by_{false};    // as of the latest poll
  std::atomic<std::uint32_t> retrying_{0};  // workers whose handler threw, and is called again with the same event
  std::atomic<std::uint64_t> errors_{0};
  std::atomic<std::uint64_t> lost_{0};
  std::atomic<std::uint64_t> reported_ns_{0};
  alignas(layout::kLine) std::atomic<std::uint64_t> handled_{0};
};

}  // namespace shmbus::detail
