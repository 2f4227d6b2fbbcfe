#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "http_post.hpp"
#include "trace_counts.hpp"
#include "trace_queue.hpp"

namespace shmbus::daemon {

/// What waits to be sent, and the counts. Held in shared ownership by all that use it.
struct TraceOutbox {
  SharedTraceCounts counts;
  TraceQueue queue{counts};
};

/// Sends what is in an outbox, on a thread of its own, until it is destroyed: one request at a time, oldest first. What
/// may be taken later is tried again, with growing delays; what never will be is dropped and counted.
class TraceSender {
 public:
  /// Posts a body to the endpoint. Throws where no reply comes in time.
  using Post = std::function<tracing::HttpReply(const std::string& endpoint, const std::string& body,
                                                std::chrono::milliseconds patience)>;
  static tracing::HttpReply post_http(const std::string& endpoint, const std::string& body,
                                      std::chrono::milliseconds patience);

  TraceSender(std::shared_ptr<TraceOutbox> outbox, const std::string& endpoint, std::chrono::nanoseconds timeout,
              Post post = post_http);
  TraceSender(const TraceSender&) = delete;
  TraceSender& operator=(const TraceSender&) = delete;
  /// Tries once more to send what is left, and drops the rest. It takes a second at most: a request that hangs, or a
  /// search for a host's name, is left to itself.
  ~TraceSender();

  /// From the next request on.
  void set(const std::string& endpoint, std::chrono::nanoseconds timeout);

 private:
  class Work;
  std::shared_ptr<Work> work_;
  std::thread thread_;
};

}  // namespace shmbus::daemon
