#include "dispatch/handler_loop.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "platform/clock.hpp"
#include "shmbus/detail/cpu.hpp"
#include "shmbus/detail/poll_state.hpp"
#include "trace/recorded_call.hpp"

namespace shmbus::detail {

namespace {

/// Ends a poll after the event whose handler has just returned.
struct EndPoll {};

}  // namespace

HandlerLoop::HandlerLoop(std::shared_ptr<BusCore> bus, std::shared_ptr<SubscriberCore> core, Subscriber subscriber,
                         Handler handler, const DispatchOptions& options)
    : WorkerLoop(std::move(bus), std::move(handler), std::string(subscriber.pattern()), options.workers),
      reliable_(options.subscriber.delivery == Delivery::reliable),
      durable_(!options.subscriber.durable.empty()),
      core_(std::move(core)),
      subscriber_(std::move(subscriber)),
      queue_(options.queue, options.queue_bytes) {
  constexpr std::size_t kDefaultCalls = 4096;
  if (const std::size_t calls = options.subscriber.record_calls.value_or(kDefaultCalls); calls != 0)
    recorder_ = trace::CallRecorder::create(bus_->member(), core_->standing(), calls, workers_);
  watch_topics();  // a publisher may demote the subscription before a worker has run
  publish_state();
}

void HandlerLoop::run() {
  enter();
  Worker me{*this, started_.fetch_add(1, std::memory_order_relaxed)};
  if (workers_ == 1)
    work_alone(me);
  else
    work_with_others(me);
  me.returned = true;
}

/// Polls, and stops after the current event when the subscription ends. Exceptions of the handler were caught before;
/// the unwinding of pthread_exit passes through.
template <class OnEvent>
std::size_t HandlerLoop::poll(const Worker& me, OnEvent on_event, std::size_t limit) {
  std::size_t polled = 0;
  if (recorder_) {
    recorder_->check_size();
    recorder_->pause(me.number);
  }
  watch_topics();
  if (durable_) standing_by_.store(core_->standing_by(), std::memory_order_relaxed);  // only shown
  try {
    polled = subscriber_->poll(
        [&](const Event& event) {
          on_event(event);
          if (stopping()) [[unlikely]]
            throw EndPoll{};
        },
        limit);
  } catch (const EndPoll&) {
    polled = 1;
  }
  if (durable_ && !forked()) core_->flush_handled();
  return polled;
}

void HandlerLoop::work_alone(const Worker& me) {
  bool closing = false;  // the bus was removed: the remaining events are handled
  while (!stopping() && !forked()) {
    const std::uint64_t begin = platform::monotonic_ns();
    const std::size_t polled = poll(
        me, [&](const Event& event) { begin_durable(event), handle(me, event); }, batch_.size());
    if (forked()) return;
    publish_state();
    if (polled != 0) {
      batch_.took(polled, platform::monotonic_ns() - begin);
      continue;
    }
    if (closing) return;
    closing = !subscriber_->wait();
  }
}

void HandlerLoop::work_with_others(Worker& me) {
  while (!stopping() && !forked()) {
    if (std::optional<KeptEvent> event = queue_.take()) {
      handle_kept(me, std::move(*event));
      continue;
    }
    if (drained_.load(std::memory_order_seq_cst)) return;
    if (!take_polling()) {
      idle_.rest([this] { return work_left(); });
      continue;
    }
    me.polls = true;
    const bool more = poll_for_all(me);
    if (forked()) return;
    if (!more) drained_.store(true, std::memory_order_seq_cst);
    me.polls = false;
    give_up_polling();
    if (!more) idle_.call_all();
    if (me.kept) handle_kept(me, *std::exchange(me.kept, std::nullopt));
  }
}

/// Returns false when no more events will come.
bool HandlerLoop::poll_for_all(Worker& me) {
  for (bool closing = false;;) {
    constexpr std::size_t kBatch = 256;
    const std::size_t limit = std::min(kBatch, queue_.room() + 1);
    const std::size_t polled = poll(
        me, [&](const Event& event) { poll_event(me, event); }, limit);
    if (forked()) return false;
    publish_state();
    if (polled != 0 || stopping()) return true;
    if (closing) return false;
    closing = !subscriber_->wait();
  }
}

void HandlerLoop::poll_event(Worker& me, const Event& event) {
  begin_durable(event);
  std::optional<KeptEvent> kept = queue_.keep(event);
  if (kept && !me.kept) {
    me.kept = std::move(kept);
    return;
  }
  if (kept && queue_.put(*kept)) return;
  kept.reset();
  // The event can't be queued, so this worker handles it here. First it passes on or handles the event that it has
  // kept.
  if (me.kept) {
    KeptEvent mine = *std::exchange(me.kept, std::nullopt);
    if (!queue_.put(mine)) handle_kept(me, std::move(mine));
  }
  call_for_help();
  handle(me, event);
}

bool HandlerLoop::work_left() const noexcept {
  return !queue_.empty() || !polled_.load(std::memory_order_seq_cst) || drained_.load(std::memory_order_seq_cst) ||
         stopping();
}

void HandlerLoop::call_for_help() noexcept {
  if (!queue_.empty() || !polled_.load(std::memory_order_seq_cst)) idle_.call_one();
}

void HandlerLoop::handle_kept(const Worker& me, KeptEvent event) {
  call_for_help();
  HandlerScope scope(&core_->state());
  EventOrigin origin = (*event).source_->origin;
  origin.path = nullptr;
  origin.event = &(*event).record_;
  scope.set_origin(origin);
  if (recorder_) recorder_->pause(me.number);
  handle(me, *event);
}

void HandlerLoop::call_handler(const Worker& me, const Event& event) {
  if (!recorder_) return handler_(event);
  trace::record_call(*recorder_, me.number, event.source_->origin, event.record_, [&] { handler_(event); });
}

/// An event of a durable subscription that could not be handled before the subscription ends is not acknowledged, and so
/// is handed out again to the next holder of the name.
void HandlerLoop::handle(const Worker& me, const Event& event) {
  if (!call(me, event) && durable_ && !call_again(me, event)) return;
  count_handled();
  if (durable_ && !forked()) finish_durable(event);
}

/// Calls the handler again with the same event, after pauses that grow, until it returns. Returns false where the
/// subscription ends.
bool HandlerLoop::call_again(const Worker& me, const Event& event) {
  constexpr std::chrono::nanoseconds kFirstPause = std::chrono::milliseconds{10}, kLongest = std::chrono::seconds{10};
  struct Retrying {
    std::atomic<std::uint32_t>& workers;
    explicit Retrying(std::atomic<std::uint32_t>& w) noexcept : workers(w) { workers.fetch_add(1); }
    ~Retrying() { workers.fetch_sub(1); }
  } const retrying(retrying_);
  for (auto pause = kFirstPause; !forked(); pause = std::min(2 * pause, kLongest)) {
    core_->pause(pause);
    if (stopping() || !bus_->open()) return false;
    if (call(me, event)) return true;
  }
  return false;
}

/// Notes that a durable subscription's event is handed out: it is acknowledged once it and all before it are handled.
void HandlerLoop::begin_durable(const Event& event) noexcept {
  if (!durable_) return;
  auto& cursor = attached_topic(*event.reader_).cursor;
  while (cursor && !stopping()) {
    try {
      return cursor->begin(event.sequence());
    } catch (const std::bad_alloc&) {
      core_->pause(std::chrono::milliseconds{10});
    }
  }
}

void HandlerLoop::finish_durable(const Event& event) noexcept {
  auto& cursor = attached_topic(*event.reader_).cursor;
  if (!cursor) return;
  DurableSubscription& durable = *core_->durable();
  try {
    cursor->finish(event.sequence(), workers_ > 1);
    durable.acknowledged();
  } catch (const Error& error) {
    durable.report(error);
  }
}

bool HandlerLoop::call(const Worker& me, const Event& event) {
  return call_once(event, durable_ ? "; it is called again" : "", [&] { call_handler(me, event); });
}

/// Lets other threads see the topics, before a handler is called that may take long.
void HandlerLoop::watch_topics() noexcept {
  PollState& state = core_->state();
  if (state.generation->load(std::memory_order_acquire) == watched_generation_) return;
  if (!refresh_topics(core_.get())) return;
  watched_generation_ = state.seen_generation;
  if (!reliable_) return;  // other threads ask for them only to check for a demotion
  const std::lock_guard lock(mutex_);
  try {
    watched_ = state.topics;
  } catch (const std::bad_alloc&) {
    watched_generation_ = ~std::uint64_t{0};  // the next poll tries again
  }
}

void HandlerLoop::publish_state() noexcept {
  if (durable_) standing_by_.store(core_->standing_by(), std::memory_order_relaxed);  // only shown
  lost_.store(subscriber_->lost(), std::memory_order_relaxed);
  status_.store(core_->topics_status(), std::memory_order_relaxed);
  const TopicSet& topics = core_->topics();
  if (topics.passes() == shown_passes_) return;
  const std::lock_guard lock(mutex_);
  try {
    unattached_ = topics.unattached();
    shown_passes_ = topics.passes();
  } catch (const std::bad_alloc&) {
    unattached_.clear();  // the next poll tries again
  }
}

std::vector<UnattachedTopic> HandlerLoop::unattached() {
  if (forked()) return {};
  const std::lock_guard lock(mutex_);
  return unattached_;
}

Status HandlerLoop::status() noexcept {
  if (forked()) return Status::closed;
  if (!ended() && bus_->registry().removed()) return Status::closed;
  const Status status = status_.load(std::memory_order_relaxed);
  return status == Status::ok && retrying_.load(std::memory_order_relaxed) != 0 ? Status::retrying : status;
}

bool HandlerLoop::demoted() noexcept {
  if (!reliable_ || forked()) return false;
  const std::lock_guard lock(mutex_);
  demoted_ = demoted_ || std::any_of(watched_.begin(), watched_.end(), [](const auto& topic) {
               return static_cast<const AttachedTopic&>(*topic).demoted();
             });
  return demoted_;
}

void HandlerLoop::end() noexcept {
  stop_.store(true, std::memory_order_seq_cst);
  idle_.call_all();
  const std::lock_guard lock(mutex_);
  if (subscriber_) subscriber_->interrupt();
}

/// Also called while pthread_exit unwinds the worker's stack. A forked child cleans nothing up: everything belongs to
/// the parent.
void HandlerLoop::leave(Worker& me) noexcept {
  WorkerLoop::leave();
  if (forked()) return;
  if (me.kept && !stopping()) static_cast<void>(queue_.put(*me.kept));
  me.kept.reset();
  if (std::exchange(me.polls, false)) give_up_polling();
  if (me.returned)
    idle_.call_all();  // the others must end for the same reason
  else
    call_for_help();
  const std::size_t left = worker_ended(me.returned);
  if (left == 0) finish();
}

void HandlerLoop::give_up() noexcept {
  if (alive_.fetch_sub(1, std::memory_order_acq_rel) == 1) finish();
}

void HandlerLoop::finish() noexcept {
  while (queue_.take()) {
  }
  if (durable_) core_->flush_handled();
  const bool corrupt = subscriber_->status() == Status::corrupt;
  status_.store(corrupt ? Status::corrupt : Status::closed, std::memory_order_relaxed);
  lost_.store(subscriber_->lost(), std::memory_order_relaxed);
  static_cast<void>(demoted());
  std::optional<Subscriber> subscriber;
  std::shared_ptr<SubscriberCore> core;
  {
    const std::lock_guard lock(mutex_);
    watched_.clear();
    unattached_.clear();
    subscriber = std::move(subscriber_);
    subscriber_.reset();
    core = std::move(core_);
  }
  core.reset();
  subscriber.reset();  // unsubscribes
  recorder_.reset();
  set_ended();
}

}  // namespace shmbus::detail
