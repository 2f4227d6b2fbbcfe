#include "trace_sender.hpp"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include <spdlog/spdlog.h>

#include "http_url.hpp"
#include "otlp_reply.hpp"
#include "printable_text.hpp"
#include "quantity_text.hpp"
#include "rare_line.hpp"
#include "receiver_state.hpp"
#include "retry_delay.hpp"
#include "wall_time.hpp"

namespace shmbus::daemon {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds last_try{700};  // for all that is left
constexpr std::chrono::seconds longest_end{1};

}  // namespace

/// The thread owns it as well, since it may be left behind.
class TraceSender::Work {
 public:
  Work(std::shared_ptr<TraceOutbox> outbox, const std::string& endpoint, std::chrono::nanoseconds timeout, Post post)
      : outbox_(std::move(outbox)), post_(std::move(post)) {
    set(endpoint, timeout);
  }

  void set(const std::string& endpoint, std::chrono::nanoseconds timeout) {
    const std::lock_guard lock(mutex_);
    endpoint_ = endpoint;
    timeout_ = std::chrono::ceil<std::chrono::milliseconds>(timeout);
  }

  void run() {
    const std::stop_token stop = stop_.get_token();
    while (const TraceQueue::Batch batch = queue().take(stop)) {
      if (const auto wait = attempt(*batch, timeout())) {
        queue().put_back();
        tried_ = batch;
        rest(stop, *wait);
      } else {
        queue().remove();
      }
    }
    const Clock::time_point end = Clock::now() + last_try;
    while (const TraceQueue::Batch batch = queue().try_take()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
      if (left.count() <= 0 || attempt(*batch, left)) break;
      queue().remove();
    }
    const std::lock_guard lock(mutex_);
    ended_ = true;
    wake_.notify_all();
  }

  /// Waits until the thread has ended. False: it takes too long, and is left behind.
  bool stop() {
    stop_.request_stop();
    std::unique_lock lock(mutex_);
    left_behind_ = !wake_.wait_for(lock, longest_end, [this] { return ended_; });
    return ended_;
  }

  void drop_rest() {
    if (const std::size_t traces = queue().clear(); traces != 0)
      spdlog::warn("{} selected for {} could not be sent before the end", tool::counted(traces, "trace"), endpoint());
  }

 private:
  TraceQueue& queue() { return outbox_->queue; }
  template <class Change>
  void count(Change change) {
    outbox_->counts.change(change);
  }
  std::string endpoint() {
    const std::lock_guard lock(mutex_);
    return endpoint_;
  }
  std::chrono::milliseconds timeout() {
    const std::lock_guard lock(mutex_);
    return timeout_;
  }

  bool is_left_behind() {
    const std::lock_guard lock(mutex_);
    return left_behind_;
  }

  /// Returns how long to wait before the next attempt; nothing where the batch is done with.
  std::optional<std::chrono::nanoseconds> attempt(const TraceBatch& batch, std::chrono::milliseconds patience) {
    const std::string to = endpoint();
    const bool again = tried_.get() == &batch;
    count([&](TraceCounts& c) {
      ++c.requests;
      if (again) ++c.retries;
    });
    tracing::HttpReply reply;
    std::string problem;
    try {
      reply = post_(to, batch.json, patience);
    } catch (const std::exception& error) {
      problem = error.what();
    }
    if (is_left_behind()) return std::chrono::nanoseconds{0};  // the program ends: nothing can be counted or logged
    if (!problem.empty()) return wait_after(to, problem, std::nullopt);
    const tracing::OtlpReply meaning = tracing::read_otlp_reply(reply);
    if (meaning.try_again) return wait_after(to, meaning.words, parse_retry_after(reply.retry_after, wall_time()));
    delay_.reset();
    if (const auto line = state_.answered(to, Clock::now())) spdlog::info("{}", *line);
    if (meaning.taken)
      taken(to, batch, meaning);
    else
      refused(to, batch, meaning.words);
    return std::nullopt;
  }

  std::chrono::nanoseconds wait_after(const std::string& to, const std::string& why,
                                      std::optional<std::chrono::nanoseconds> asked) {
    count([](TraceCounts& c) { ++c.failed_requests; });
    spdlog::debug("traces were not sent to {}: {}", to, tool::printable(why));
    if (const auto line = state_.failed(to, tool::printable(why), Clock::now())) spdlog::warn("{}", *line);
    const std::chrono::nanoseconds own = delay_.next();
    return asked ? std::max(*asked, own) : own;
  }

  void taken(const std::string& to, const TraceBatch& batch, const tracing::OtlpReply& reply) {
    const auto rejected = std::min<std::size_t>(static_cast<std::size_t>(reply.rejected_spans), batch.spans);
    count([&](TraceCounts& c) {
      c.exported_traces += batch.traces;
      c.exported_spans += batch.spans - rejected;
      c.rejected_spans += rejected;
      c.last_success = wall_time();
    });
    if (!reply.words.empty()) complain("{} took a request of {}, but: {}", to, batch, reply.words);
  }

  void refused(const std::string& to, const TraceBatch& batch, const std::string& words) {
    count([&](TraceCounts& c) {
      ++c.failed_requests;
      c.drop(DropReason::refused, batch.traces, batch.spans);
    });
    complain("{} refused a request of {}, which is dropped: {}", to, batch, words);
  }

  void complain(fmt::format_string<std::string, std::string, std::string> format, const std::string& to,
                const TraceBatch& batch, const std::string& words) {
    const std::string text =
        fmt::format(format, std::string{to}, tool::counted(batch.spans, "span"), std::string{words});
    if (const auto line = rare_.say(text, Clock::now())) spdlog::warn("{}", *line);
  }

  void rest(const std::stop_token& stop, std::chrono::nanoseconds time) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, time, [] { return false; });
  }

  std::shared_ptr<TraceOutbox> outbox_;
  Post post_;
  std::stop_source stop_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::string endpoint_;
  std::chrono::milliseconds timeout_{0};
  bool ended_ = false;
  bool left_behind_ = false;
  // Of the thread alone:
  TraceQueue::Batch tried_;  // the last one that was put back
  RetryDelay delay_;
  ReceiverState state_;
  RareLine rare_;
};

tracing::HttpReply TraceSender::post_http(const std::string& endpoint, const std::string& body,
                                          std::chrono::milliseconds patience) {
  return tracing::http_post(tracing::parse_otlp_url(endpoint), "application/json", body, patience);
}

TraceSender::TraceSender(std::shared_ptr<TraceOutbox> outbox, const std::string& endpoint,
                         std::chrono::nanoseconds timeout, Post post)
    : work_(std::make_shared<Work>(std::move(outbox), endpoint, timeout, std::move(post))),
      thread_([work = work_] { work->run(); }) {}

TraceSender::~TraceSender() {
  if (work_->stop())
    thread_.join();
  else
    thread_.detach();
  work_->drop_rest();
}

void TraceSender::set(const std::string& endpoint, std::chrono::nanoseconds timeout) { work_->set(endpoint, timeout); }

}  // namespace shmbus::daemon
