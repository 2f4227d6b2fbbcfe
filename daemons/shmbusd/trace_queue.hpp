#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "trace_counts.hpp"

namespace shmbus::daemon {

/// A request that is to be sent.
struct TraceBatch {
  std::string json;
  std::size_t traces = 0;
  std::size_t spans = 0;
};

/// The requests that wait to be sent, oldest first. Bounded: a new one takes the place of the oldest ones, which are
/// counted as dropped. Any thread may push; one takes.
class TraceQueue {
 public:
  using Batch = std::shared_ptr<const TraceBatch>;
  static constexpr std::size_t most_requests = 4096;

  explicit TraceQueue(SharedTraceCounts& counts) : counts_(counts) {}

  /// Bytes of all requests together.
  void set_limit(std::size_t bytes);

  void push(TraceBatch batch);

  /// Waits for a request and returns the oldest one, which stays in the queue and is not dropped until `remove` or
  /// `put_back`. Null: the stop was requested.
  Batch take(const std::stop_token& stop);
  /// The same without waiting. Null: there is none.
  Batch try_take();
  void remove();    ///< the one that was taken
  void put_back();  ///< it is the oldest one again

  /// Drops all, and counts them as `ended`. Returns how many traces that were.
  std::size_t clear();

 private:
  Batch mark_taken();
  void drop(std::size_t index, DropReason reason);
  void make_room();
  void count_size();

  SharedTraceCounts& counts_;
  std::mutex mutex_;
  std::condition_variable_any came_;
  std::deque<Batch> batches_;
  std::size_t bytes_ = 0;
  std::size_t limit_ = 0;
  bool taken_ = false;  // the first one
};

}  // namespace shmbus::daemon
