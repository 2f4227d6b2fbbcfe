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

/// What was freed since the daemon started; any thread may read it.
struct Reaped {
  std::atomic<std::uint64_t> nodes{0};
  std::atomic<std::uint64_t> ports{0};
  std::atomic<std::uint64_t> subscriptions{0};
  std::atomic<std::uint64_t> segments{0};
};

/// Says what the dead left, once, and clears it away. It joins a bus only for that moment, so that the daemon is a
/// member of none in between, and keeps none that is removed.
class Reaper {
 public:
  explicit Reaper(BusSet& buses) : buses_(buses) {}

  /// `reap` false: it only says what there is.
  void set(bool reap, std::vector<uid_t> owners);

  void look(const std::vector<Look>& looks);

  const Reaped& reaped() const noexcept { return reaped_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct State {
    Clock::time_point searched{};  ///< when all its files were last looked through
    std::set<std::string> told;    ///< what was said of what still lies there
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

/// One line for each that died, with all it left, and one for each stray file.
std::vector<std::string> leftover_lines(const std::vector<Leftover>& leftovers);

}  // namespace shmbus::daemon
