#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "shmbus/event_reader.hpp"

namespace shmbus::tool {

/// Says on standard error which topics an EventReader can't read, each problem once.
class ProblemReport {
 public:
  /// An event that is claimed and not committed may follow at once: it is reported after `patience`.
  explicit ProblemReport(std::chrono::nanoseconds patience) : patience_(patience) {}

  void add(const std::vector<TopicProblem>& problems);
  /// The exit status: 1 if there were any.
  int status() const noexcept { return status_; }

 private:
  struct Seen {
    std::chrono::steady_clock::time_point since;
    bool reported = false;
  };
  std::chrono::nanoseconds patience_;
  std::map<std::string, Seen> seen_;  // by reason
  int status_ = 0;
};

}  // namespace shmbus::tool
