#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include "http_pages.hpp"

namespace shmbus::daemon {

/// Whether the daemon still looks at its buses: set by the thread that looks, read by the thread that serves.
class Health {
 public:
  using Clock = std::chrono::steady_clock;
  struct Report : HealthReport {
    std::vector<std::string> buses;  ///< that existed at the last look
  };

  /// Sets how often a look is due from now on.
  void expect(std::chrono::nanoseconds interval);
  /// Records that a look was done.
  void looked(std::vector<std::string> buses, Clock::time_point now = Clock::now());

  /// Bad before the first look, and if the last one is longer ago than three intervals and ten seconds.
  Report report(Clock::time_point now = Clock::now()) const;

 private:
  mutable std::mutex mutex_;
  std::chrono::nanoseconds interval_{0};
  Clock::time_point last_{};  // the epoch: never
  std::vector<std::string> buses_;
};

}  // namespace shmbus::daemon
