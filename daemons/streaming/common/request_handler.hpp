#pragma once

#include <cstdint>
#include <string>

#include <shmbus/bus.hpp>

#include "common/events.hpp"
#include "common/report.hpp"
#include "common/response_times.hpp"
#include "common/stream_hash.hpp"
#include "common/watch_reader.hpp"

namespace streaming {

/// Topic options that retain at least this many watches.
shmbus::TopicOptions retaining(std::uint64_t watches);

/// Answers one request after another: reads it, publishes that a watch started, and makes the viewer's answer. It does not
/// depend on which services react to the event, or how fast.
class RequestHandler {
 public:
  RequestHandler(WatchReader& requests, shmbus::TypedPublisher<WatchStarted> publisher);

  /// Answers the next request. Returns false when there are no more requests, or the bus is gone.
  bool handle_next();

  /// Passes over the next watch of the input, as an earlier process published it under this number, and counts it. Returns
  /// false where the input ends, or holds another watch.
  bool pass_over(std::uint64_t sequence, const WatchStarted& published);

  std::uint64_t published() const { return published_; }
  std::uint64_t unpublished() const { return unpublished_; }
  const ResponseTimes& times() const { return times_; }
  void describe(Report& report) const;

 private:
  shmbus::PublishResult publish(const WatchStarted& watch);

  WatchReader& requests_;
  shmbus::TypedPublisher<WatchStarted> publisher_;
  std::string answer_;
  ResponseTimes times_;
  StreamHash hash_;
  std::uint64_t published_ = 0;
  std::uint64_t unpublished_ = 0;
};

}  // namespace streaming
