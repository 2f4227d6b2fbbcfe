#include "dispatch/group_loop.hpp"

#include <cstdio>
#include <utility>

#include "shmbus/detail/poll_state.hpp"
#include "trace/recorded_call.hpp"

namespace shmbus::detail {

GroupLoop::GroupLoop(std::shared_ptr<BusCore> bus, std::shared_ptr<GroupCore> member, Handler handler,
                     const DispatchOptions& options)
    : WorkerLoop(std::move(bus), std::move(handler), member->topic().text(), options.workers),
      member_(std::move(member)) {
  constexpr std::size_t kDefaultCalls = 4096;
  if (const std::size_t calls = options.subscriber.record_calls.value_or(kDefaultCalls); calls != 0)
    recorder_ = trace::CallRecorder::create(bus_->member(), member_->standing(), calls, workers_);
}

std::shared_ptr<GroupCore> GroupLoop::member() noexcept {
  const std::lock_guard lock(mutex_);
  return member_;
}

void GroupLoop::run() {
  enter();
  Worker me{*this, started_.fetch_add(1, std::memory_order_relaxed)};
  const auto member = this->member();
  while (!stopping() && !forked()) {
    Lease lease;
    try {
      lease = member->take(std::chrono::nanoseconds::max());
    } catch (const std::exception&) {  // no memory, or no thread to watch the members
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
      continue;
    }
    if (lease && !stopping()) {
      handle(me, std::move(lease));
    } else if (!lease && member->closed()) {
      break;
    }
  }
  me.returned = true;
}

/// The group's own place in the ring holds publishers back, so a publish of the handler that would wait for it returns
/// `back_pressured`. A handler that ends its thread gives its event back.
void GroupLoop::handle(const Worker& me, Lease lease) {
  const Event& event = lease.event();
  PollState state;
  state.bus = event.source_->origin.bus;
  state.subscription = lease.topic_->group_id();
  HandlerScope scope(&state);
  EventOrigin origin = event.source_->origin;
  origin.path = nullptr;
  origin.event = &event.record_;
  scope.set_origin(origin);
  if (recorder_) {
    recorder_->check_size();
    recorder_->pause(me.number);
  }
  const bool handled = call_once(event, "; it is given back", [&] {
    if (!recorder_) return handler_(event);
    trace::record_call(*recorder_, me.number, origin, event.record_, [&] { handler_(event); });
  });
  if (forked()) return;
  count_handled();
  if (lease.finish(handled) == Status::expired) report_expired(event);
}

void GroupLoop::report_expired(const Event& event) noexcept {
  if (!expiry_reports_.due()) return;
  std::fprintf(
      stderr,
      "shmbus: topic '%.*s', sequence %llu: the handler took longer than its lease, so the event was or is leased "
      "again; give the group a longer lease (GroupOptions::lease)\n",
      static_cast<int>(event.topic().size()), event.topic().data(), static_cast<unsigned long long>(event.sequence()));
}

void GroupLoop::end() noexcept {
  stop_.store(true, std::memory_order_seq_cst);
  if (const auto member = this->member()) member->interrupt();
}

std::uint64_t GroupLoop::lost() noexcept {
  const auto member = forked() ? nullptr : this->member();
  return member ? member->lost() : lost_.load(std::memory_order_relaxed);
}

Status GroupLoop::status() noexcept {
  if (forked()) return Status::closed;
  const auto member = this->member();
  return member ? member->status() : Status::closed;
}

/// Also called while pthread_exit unwinds the worker's stack. A forked child cleans nothing up.
void GroupLoop::leave_group(const Worker& me) noexcept {
  WorkerLoop::leave();
  if (forked()) return;
  if (worker_ended(me.returned) == 0) finish();
}

void GroupLoop::give_up() noexcept {
  if (alive_.fetch_sub(1, std::memory_order_acq_rel) == 1) finish();
}

void GroupLoop::finish() noexcept {
  std::shared_ptr<GroupCore> member;
  {
    const std::lock_guard lock(mutex_);
    member = std::move(member_);
    member_.reset();
  }
  if (member) lost_.store(member->lost(), std::memory_order_relaxed);
  member.reset();
  recorder_.reset();
  set_ended();
}

}  // namespace shmbus::detail
