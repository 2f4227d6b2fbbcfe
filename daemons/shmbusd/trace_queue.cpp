#include "trace_queue.hpp"

#include <utility>

namespace shmbus::daemon {

void TraceQueue::set_limit(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  limit_ = bytes;
  make_room();
}

void TraceQueue::push(TraceBatch batch) {
  const std::lock_guard lock(mutex_);
  if (batch.json.size() > limit_) {
    counts_.change([&](TraceCounts& c) { c.drop(DropReason::too_large, batch.traces, batch.spans); });
    return;
  }
  bytes_ += batch.json.size();
  batches_.push_back(std::make_shared<const TraceBatch>(std::move(batch)));
  make_room();
  came_.notify_one();
}

TraceQueue::Batch TraceQueue::take(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  came_.wait(lock, stop, [this] { return !batches_.empty(); });
  return stop.stop_requested() ? nullptr : mark_taken();
}

TraceQueue::Batch TraceQueue::try_take() {
  const std::lock_guard lock(mutex_);
  return batches_.empty() ? nullptr : mark_taken();
}

TraceQueue::Batch TraceQueue::mark_taken() {
  taken_ = true;
  return batches_.front();
}

void TraceQueue::remove() {
  const std::lock_guard lock(mutex_);
  if (!std::exchange(taken_, false)) return;
  bytes_ -= batches_.front()->json.size();
  batches_.pop_front();
  count_size();
}

void TraceQueue::put_back() {
  const std::lock_guard lock(mutex_);
  taken_ = false;
  make_room();
}

std::size_t TraceQueue::clear() {
  const std::lock_guard lock(mutex_);
  taken_ = false;
  std::size_t traces = 0;
  for (const Batch& batch : batches_) traces += batch->traces;
  while (!batches_.empty()) drop(0, DropReason::ended);
  count_size();
  return traces;
}

void TraceQueue::drop(std::size_t index, DropReason reason) {
  const Batch batch = batches_[index];
  counts_.change([&](TraceCounts& c) { c.drop(reason, batch->traces, batch->spans); });
  bytes_ -= batch->json.size();
  batches_.erase(batches_.begin() + static_cast<std::ptrdiff_t>(index));
}

void TraceQueue::make_room() {
  const std::size_t first = taken_ ? 1 : 0;
  while (batches_.size() > first && (bytes_ > limit_ || batches_.size() > most_requests))
    drop(first, DropReason::queue_full);
  count_size();
}

void TraceQueue::count_size() {
  counts_.change([this](TraceCounts& c) {
    c.queued_requests = batches_.size();
    c.queued_bytes = bytes_;
  });
}

}  // namespace shmbus::daemon
