// The requests of traces that wait to be sent.

#include "shmbusd/trace_queue.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <thread>

using shmbus::daemon::DropReason;
using shmbus::daemon::SharedTraceCounts;
using shmbus::daemon::TraceBatch;
using shmbus::daemon::TraceCounts;
using shmbus::daemon::TraceQueue;

namespace {

struct Queue {
  explicit Queue(std::size_t limit) { queue.set_limit(limit); }
  SharedTraceCounts counts;
  TraceQueue queue{counts};

  /// A request of ten bytes, which begins with its number; of one trace and two spans.
  void push(int number, std::size_t bytes = 10) {
    std::string json = std::to_string(number);
    json.resize(bytes, ' ');
    queue.push({.json = json, .traces = 1, .spans = 2});
  }
  /// Takes and removes the oldest; -1: there is none.
  int next() {
    const auto batch = queue.try_take();
    if (batch == nullptr) return -1;
    queue.remove();
    return std::stoi(batch->json);
  }
  std::uint64_t dropped(DropReason reason) const { return counts.get().dropped[static_cast<std::size_t>(reason)].traces; }
};

}  // namespace

TEST_CASE("requests leave the queue in their order", "[shmbusd]") {
  Queue q(100);
  for (int i = 1; i <= 3; ++i) q.push(i);
  CHECK(q.counts.get().queued_requests == 3);
  CHECK(q.counts.get().queued_bytes == 30);
  for (int i = 1; i <= 3; ++i) CHECK(q.next() == i);
  CHECK(q.next() == -1);
  CHECK(q.counts.get().queued_requests == 0);
  CHECK(q.counts.get().queued_bytes == 0);
}

TEST_CASE("a full queue drops its oldest requests, and counts their traces and spans", "[shmbusd]") {
  Queue q(30);
  for (int i = 1; i <= 5; ++i) q.push(i);
  CHECK(q.dropped(DropReason::queue_full) == 2);
  CHECK(q.counts.get().dropped[0].spans == 4);
  CHECK(q.counts.get().queued_bytes == 30);
  CHECK(q.next() == 3);
}

TEST_CASE("the number of requests is bounded as well as their bytes", "[shmbusd]") {
  Queue q(std::size_t{1} << 30);
  for (int i = 0; i < static_cast<int>(TraceQueue::most_requests) + 3; ++i) q.push(i);
  CHECK(q.counts.get().queued_requests == TraceQueue::most_requests);
  CHECK(q.dropped(DropReason::queue_full) == 3);
  CHECK(q.next() == 3);
}

TEST_CASE("a request that is larger than the queue is dropped by itself", "[shmbusd]") {
  Queue q(30);
  q.push(1);
  q.push(2, 31);
  CHECK(q.dropped(DropReason::too_large) == 1);
  CHECK(q.dropped(DropReason::queue_full) == 0);
  CHECK(q.next() == 1);
  CHECK(q.next() == -1);
}

TEST_CASE("a request that is being sent is not dropped; put back, it is the oldest again", "[shmbusd]") {
  Queue q(30);
  q.push(1);
  const auto sent = q.queue.try_take();
  for (int i = 2; i <= 4; ++i) q.push(i);
  CHECK(q.dropped(DropReason::queue_full) == 1);
  q.queue.put_back();
  CHECK(q.next() == 1);
  CHECK(q.next() == 3);
  CHECK(q.next() == 4);
  CHECK(sent->traces == 1);
}

TEST_CASE("a request that alone fills the queue while it is sent leaves no room, and is dropped once put back", "[shmbusd]") {
  Queue q(30);
  q.push(1, 30);
  q.queue.try_take();
  q.push(2);
  CHECK(q.dropped(DropReason::queue_full) == 1);  // 2
  q.queue.set_limit(20);
  CHECK(q.counts.get().queued_requests == 1);
  q.queue.put_back();
  CHECK(q.counts.get().queued_requests == 0);
  CHECK(q.dropped(DropReason::queue_full) == 2);
}

TEST_CASE("clearing the queue counts what it held", "[shmbusd]") {
  Queue q(100);
  for (int i = 1; i <= 3; ++i) q.push(i);
  q.queue.try_take();
  CHECK(q.queue.clear() == 3);
  q.queue.remove();  // of the one that was taken: nothing happens
  CHECK(q.dropped(DropReason::ended) == 3);
  CHECK(q.next() == -1);
}

TEST_CASE("taking waits for a request, or for the stop", "[shmbusd]") {
  Queue q(100);
  std::stop_source stop;
  TraceQueue::Batch got;
  std::thread taker([&] { got = q.queue.take(stop.get_token()); });
  q.push(7);
  taker.join();
  REQUIRE(got != nullptr);
  CHECK(got->json.starts_with('7'));
  q.queue.remove();
  std::thread waiter([&] { got = q.queue.take(stop.get_token()); });
  stop.request_stop();
  waiter.join();
  CHECK(got == nullptr);
}
