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
#include "dispatch/worker_loop.hpp"
#include "shmbus/subscriber.hpp"
#include "shmbus/subscription.hpp"
#include "trace/call_recorder.hpp"

namespace shmbus::detail {

/// The workers of a subscriber's subscription. The last one that ends unsubscribes.
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
class HandlerLoop final : public WorkerLoop {
 public:
  HandlerLoop(std::shared_ptr<BusCore> bus, std::shared_ptr<SubscriberCore> core, Subscriber subscriber,
              Handler handler, const DispatchOptions& options);

  void run() override;
  void give_up() noexcept override;
  void end() noexcept override;

  std::uint64_t lost() noexcept override { return lost_.load(std::memory_order_relaxed); }
  Status status() noexcept override;
  bool demoted() noexcept override;
  bool standing_by() const noexcept override { return standing_by_.load(std::memory_order_relaxed); }
  std::vector<UnattachedTopic> unattached() override;

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
  bool call(const Worker& me, const Event& event);
  bool call_again(const Worker& me, const Event& event);
  void begin_durable(const Event& event) noexcept;
  void finish_durable(const Event& event) noexcept;
  void call_handler(const Worker& me, const Event& event);
  void watch_topics() noexcept;
  void publish_state() noexcept;
  void leave(Worker& me) noexcept;
  void finish() noexcept;

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
  std::atomic<bool> polled_{false};      // a worker has the right to poll
  std::atomic<bool> drained_{false};     // the bus was removed and its last event polled; only queued events are left
  std::atomic<std::size_t> started_{0};  // workers
  std::atomic<Status> status_{Status::ok};
  std::mutex mutex_;
  std::vector<std::shared_ptr<TopicReader>> watched_;  // the topics, for threads that ask, under `mutex_`
  std::vector<UnattachedTopic> unattached_;            // as of the latest poll, under `mutex_`
  bool demoted_ = false;                               // a demotion was seen, under `mutex_`

  std::atomic<bool> standing_by_{false};    // as of the latest poll
  std::atomic<std::uint32_t> retrying_{0};  // workers whose handler threw, and is called again with the same event
  std::atomic<std::uint64_t> lost_{0};
};

}  // namespace shmbus::detail
