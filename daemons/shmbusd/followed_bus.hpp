#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "shmbus/inspector.hpp"
#include "trace_counts.hpp"
#include "trace_set.hpp"

namespace shmbus::daemon {

/// A bus whose events and handler calls are put together to traces, without joining it. One thread at a time.
class FollowedBus {
 public:
  enum class From {
    now,    ///< what was published and called before is left out
    start,  ///< the bus is new: with all that it holds
  };

  /// `limit`: events held at one time, as many calls, and the most events that are read at once. Throws Error where the
  /// bus can't be read.
  FollowedBus(const std::string& bus, const std::vector<uid_t>& owners, From from, std::size_t limit);

  /// Reads the events that were published. Throws Error.
  void read_events(const std::stop_token& stop);
  /// Reads the flight recorders, after `read_events`. Throws Error.
  void read_calls();

  /// The traces of which nothing happened since `before`. One that was published is settled only when all events of its
  /// time were read.
  std::vector<tracing::Trace> take_settled(Time before);

  /// The bus was removed, and all of it was read.
  bool gone();

  FollowCounts counts();

  /// What can't be read and was not named before, a line each.
  std::vector<std::string> new_problems();

 private:
  void leave_out_early_calls(std::vector<RecorderSnapshot>& recorders) const;
  void count_missed(const std::vector<RecorderSnapshot>& recorders);

  std::string name_;
  std::size_t limit_;
  Time started_{};  // the epoch: nothing is left out
  Inspector inspector_;
  EventReader reader_;
  tracing::TraceSet traces_;
  bool behind_ = false;  // there is more to read
  Time newest_{};        // of the events that were read
  // Events without a time are settled at once, so they wait until the calls that they led to were read.
  std::vector<EventSnapshot> timeless_, earlier_timeless_;
  bool read_calls_before_ = false;
  std::map<std::uint64_t, std::uint64_t> recorded_;  // calls by now, by subscription
  std::uint64_t events_ = 0;
  std::uint64_t missed_calls_ = 0;
  std::set<std::string> problems_, told_problems_;  // of flight recorders; of all
};

}  // namespace shmbus::daemon
