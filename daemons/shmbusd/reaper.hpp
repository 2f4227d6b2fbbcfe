#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "bus_set.hpp"

namespace shmbus::daemon {

/// Counts of what was freed since the daemon started. Any thread may read them.
struct Reaped {
  std::atomic<std::uint64_t> nodes{0};
  std::atomic<std::uint64_t> ports{0};
  std::atomic<std::uint64_t> subscriptions{0};
  std::atomic<std::uint64_t> segments{0};
};

/// Reports once what dead processes left, and frees it. It joins a bus only for that moment, so that the daemon is no member
/// in between, and keeps no removed bus mapped.
class Reaper {
 public:
  explicit Reaper(BusSet& buses) : buses_(buses) {}

  /// With `reap` false it only reports.
  void set(bool reap, std::vector<uid_t> owners);

  void look(const std::vector<Look>& looks);

  const Reaped& reaped() const noexcept { return reaped_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct State {
    Clock::time_point searched{};  ///< when all its files were last looked through
    std::set<std::string> told;    ///< reports about what is still there
    std::string problem;           ///< why it could not be reaped
  };

  void look(const Look& look, State& state);
  void reap(const std::string& bus, State& state);

  BusSet& buses_;
  bool reap_ = true;
  std::vector<uid_t> owners_;
  std::map<std::string, State> states_;
  Reaped reaped_;
};

/// One line for each dead process, with all that it left, and one for each stray file.
std::vector<std::string> leftover_lines(const std::vector<Leftover>& leftovers);

}  // namespace shmbus::daemon
