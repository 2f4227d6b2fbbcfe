#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "shmbus/options.hpp"

namespace shmbus::daemon {

/// Why a trace is exported. The first one of the list that holds is counted.
enum class SelectReason : std::uint8_t {
  failed,   ///< a handler threw or ended its thread, or a process died inside one
  slow,     ///< it lasted longer than `slower_than`
  sampled,  ///< it came from outside with the flag `sampled` of W3C Trace Context
  sample,   ///< its id is among the share `sample` of all ids
  rest,     ///< what came later of a trace that was selected before
};
inline constexpr std::array<const char*, 5> select_reasons{"failed", "slow", "sampled", "sample", "rest"};

/// Why a selected trace was not delivered.
enum class DropReason : std::uint8_t {
  queue_full,  ///< newer ones took its place in the queue
  too_large,   ///< it alone is larger than the queue
  refused,     ///< the receiver answered with an error that a new attempt does not cure
  ended,       ///< the daemon ended, or `endpoint` was removed, before it was delivered
};
inline constexpr std::array<const char*, 4> drop_reasons{"queue_full", "too_large", "refused", "ended"};

struct DroppedTraces {
  std::uint64_t traces = 0;
  std::uint64_t spans = 0;
};

/// Of one bus that is followed.
struct FollowCounts {
  std::uint64_t events = 0;          ///< read
  std::uint64_t lost_events = 0;     ///< left their ring before they were read
  std::uint64_t missed_calls = 0;    ///< overwritten in flight recorders before they were read
  std::uint64_t dropped_events = 0;  ///< more than `events` were held
  std::uint64_t dropped_calls = 0;
  std::uint64_t conflicting_calls = 0;
  std::size_t held_events = 0;
  std::size_t held_calls = 0;
  std::size_t unreadable = 0;  ///< topics and flight recorders
};

/// What the export of traces has done so far.
struct TraceCounts {
  std::map<std::string, FollowCounts> buses;
  std::uint64_t settled = 0;  ///< traces that were decided on
  std::array<std::uint64_t, select_reasons.size()> selected{};
  std::array<DroppedTraces, drop_reasons.size()> dropped{};
  std::uint64_t exported_traces = 0;
  std::uint64_t exported_spans = 0;
  std::uint64_t rejected_spans = 0;  ///< by receivers that took the rest of the request
  std::uint64_t requests = 0;
  std::uint64_t failed_requests = 0;
  std::uint64_t retries = 0;  ///< requests that were not the first of their batch
  std::size_t queued_requests = 0;
  std::size_t queued_bytes = 0;
  Time last_success{};  ///< the epoch: none yet

  void drop(DropReason reason, std::uint64_t traces, std::uint64_t spans) {
    DroppedTraces& of = dropped.at(static_cast<std::size_t>(reason));
    of.traces += traces;
    of.spans += spans;
  }
};

/// TraceCounts that several threads change and read.
class SharedTraceCounts {
 public:
  template <class Change>
  void change(Change change) {
    const std::lock_guard lock(mutex_);
    change(counts_);
  }
  TraceCounts get() const {
    const std::lock_guard lock(mutex_);
    return counts_;
  }

 private:
  mutable std::mutex mutex_;
  TraceCounts counts_;
};

}  // namespace shmbus::daemon
