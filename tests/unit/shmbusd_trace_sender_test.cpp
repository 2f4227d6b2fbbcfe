// How requests of traces are sent: what is tried again, what is dropped, and the end.

#include "shmbusd/trace_sender.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/time_limits.hpp"

using namespace std::chrono_literals;
using shmbus::daemon::DropReason;
using shmbus::daemon::TraceCounts;
using shmbus::daemon::TraceOutbox;
using shmbus::daemon::TraceSender;
using shmbus::tracing::HttpReply;

namespace {

/// Stands for a receiver: answers by a list, and with the last answer of it for ever. Status 0: no answer comes.
class Receiver {
 public:
  explicit Receiver(std::vector<HttpReply> replies) : replies_(std::move(replies)) {}

  TraceSender::Post post() {
    return [this](const std::string&, const std::string& body, std::chrono::milliseconds) {
      const std::lock_guard lock(mutex_);
      bodies_.push_back(body);
      times_.push_back(std::chrono::steady_clock::now());
      const HttpReply& reply = replies_[std::min(bodies_.size(), replies_.size()) - 1];
      if (reply.status == 0) throw std::runtime_error("nobody listens");
      return reply;
    };
  }
  std::vector<std::string> bodies() const {
    const std::lock_guard lock(mutex_);
    return bodies_;
  }
  std::vector<std::chrono::steady_clock::time_point> times() const {
    const std::lock_guard lock(mutex_);
    return times_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<HttpReply> replies_;
  std::vector<std::string> bodies_;
  std::vector<std::chrono::steady_clock::time_point> times_;
};

std::shared_ptr<TraceOutbox> outbox_of(int requests) {
  auto outbox = std::make_shared<TraceOutbox>();
  outbox->queue.set_limit(1'000'000);
  for (int i = 1; i <= requests; ++i) outbox->queue.push({.json = std::to_string(i), .traces = 1, .spans = 3});
  return outbox;
}

std::uint64_t dropped(const TraceCounts& counts, DropReason reason) {
  return counts.dropped[static_cast<std::size_t>(reason)].traces;
}

HttpReply answer(unsigned status, const std::string& body = "{}", const std::string& retry_after = {}) {
  return {.status = status, .reason = "words", .retry_after = retry_after, .body = body};
}

}  // namespace

TEST_CASE("requests are sent in their order, and counted when they are taken", "[shmbusd]") {
  Receiver receiver({answer(200)});
  const auto outbox = outbox_of(3);
  const TraceSender sender(outbox, "http://h", 1s, receiver.post());
  test::wait_until("three requests", [&] { return outbox->counts.get().exported_traces == 3; });
  CHECK(receiver.bodies() == std::vector<std::string>{"1", "2", "3"});
  const TraceCounts counts = outbox->counts.get();
  CHECK(counts.exported_spans == 9);
  CHECK(counts.requests == 3);
  CHECK(counts.failed_requests == 0);
  CHECK(counts.retries == 0);
  CHECK(counts.last_success > shmbus::Time{});
}

TEST_CASE("a request is sent again where no answer comes, or one that says later, and no other before it", "[shmbusd]") {
  Receiver receiver({answer(0), answer(429), answer(503), answer(200)});
  const auto outbox = outbox_of(2);
  const TraceSender sender(outbox, "http://h", 1s, receiver.post());
  test::wait_until("both requests", [&] { return outbox->counts.get().exported_traces == 2; });
  CHECK(receiver.bodies() == std::vector<std::string>{"1", "1", "1", "1", "2"});
  const TraceCounts counts = outbox->counts.get();
  CHECK(counts.requests == 5);
  CHECK(counts.failed_requests == 3);
  CHECK(counts.retries == 3);
  CHECK(dropped(counts, DropReason::refused) == 0);
}

TEST_CASE("the next attempt waits at least as long as Retry-After demands", "[shmbusd]") {
  Receiver receiver({answer(503, "", "2"), answer(200)});
  const auto outbox = outbox_of(1);
  const TraceSender sender(outbox, "http://h", 1s, receiver.post());
  test::wait_until("the request", [&] { return outbox->counts.get().exported_traces == 1; });
  const auto times = receiver.times();
  REQUIRE(times.size() == 2);
  CHECK(times[1] - times[0] >= 2s);
}

TEST_CASE("what the receiver refuses for good is dropped and counted, and the next request follows", "[shmbusd]") {
  Receiver receiver({answer(400, R"({"message":"bad span"})"), answer(500), answer(200)});
  const auto outbox = outbox_of(3);
  const TraceSender sender(outbox, "http://h", 1s, receiver.post());
  test::wait_until("the third request", [&] { return outbox->counts.get().exported_traces == 1; });
  CHECK(receiver.bodies() == std::vector<std::string>{"1", "2", "3"});
  const TraceCounts counts = outbox->counts.get();
  CHECK(dropped(counts, DropReason::refused) == 2);
  CHECK(counts.failed_requests == 2);
  CHECK(counts.retries == 0);
}

TEST_CASE("spans that the receiver rejected in a request it took are counted", "[shmbusd]") {
  Receiver receiver({answer(200, R"({"partialSuccess":{"rejectedSpans":"2","errorMessage":"too old"}})"),
                     answer(200, R"({"partialSuccess":{"rejectedSpans":1000}})"), answer(200, "no JSON")});
  const auto outbox = outbox_of(3);
  const TraceSender sender(outbox, "http://h", 1s, receiver.post());
  test::wait_until("three requests", [&] { return outbox->counts.get().exported_traces == 3; });
  const TraceCounts counts = outbox->counts.get();
  CHECK(counts.rejected_spans == 5);  // no more than a request has
  CHECK(counts.exported_spans == 4);
}

TEST_CASE("at the end what waits is tried once more", "[shmbusd]") {
  Receiver receiver({answer(503, "", "3600"), answer(200)});
  const auto outbox = outbox_of(2);
  {
    const TraceSender sender(outbox, "http://h", 1s, receiver.post());
    test::wait_until("the first attempt", [&] { return outbox->counts.get().failed_requests == 1; });
  }
  CHECK(receiver.bodies() == std::vector<std::string>{"1", "1", "2"});
  CHECK(outbox->counts.get().exported_traces == 2);
}

TEST_CASE("at the end what can't be sent is dropped and counted", "[shmbusd]") {
  Receiver receiver({answer(0)});
  const auto outbox = outbox_of(3);
  {
    const TraceSender sender(outbox, "http://h", 1s, receiver.post());
    test::wait_until("the first attempt", [&] { return outbox->counts.get().failed_requests == 1; });
  }
  const TraceCounts counts = outbox->counts.get();
  CHECK(dropped(counts, DropReason::ended) == 3);
  CHECK(counts.requests == 2);
  CHECK(counts.queued_requests == 0);
}

TEST_CASE("the end does not wait for a request that hangs", "[shmbusd]") {
  struct Gate {
    std::mutex mutex;
    std::condition_variable opened;
    bool open = false, reached = false, passed = false;
  };
  const auto gate = std::make_shared<Gate>();
  const auto outbox = outbox_of(1);
  {
    const TraceSender sender(outbox, "http://h", 1h, [gate](const auto&, const auto&, auto) {
      std::unique_lock lock(gate->mutex);
      gate->reached = true;
      gate->opened.notify_all();
      gate->opened.wait(lock, [&] { return gate->open; });
      return HttpReply{.status = 200, .reason = {}, .retry_after = {}, .body = {}};
    });
    std::unique_lock lock(gate->mutex);
    gate->opened.wait(lock, [&] { return gate->reached; });
  }
  CHECK(dropped(outbox->counts.get(), DropReason::ended) == 1);
  {
    const std::lock_guard lock(gate->mutex);
    gate->open = true;
    gate->opened.notify_all();
  }
  // The thread that was left behind ends, and lets go of the outbox.
  test::wait_until("the thread to end", [&] { return outbox.use_count() == 1; });
  CHECK(outbox->counts.get().exported_traces == 0);
}
