#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

namespace shmbus::measure {

/// How a measurement is run. What is compared alternates: each round gives each of them its time, so that whatever
/// changes on the machine meanwhile meets all alike.
struct Plan {
  unsigned rounds = 7;
  std::chrono::nanoseconds round = std::chrono::milliseconds{200};   ///< of one of them in one round
  std::chrono::nanoseconds warm_up = std::chrono::milliseconds{50};  ///< of each, before the first round
  unsigned pauses = 0;                                               ///< pause instructions between two looks
  bool pin = true;
  std::vector<int> cores{};  ///< where to pin to, in the order of the roles; empty: choose
  std::chrono::nanoseconds patience = std::chrono::seconds{60};  ///< the watchdog's
  /// Called in the parent now and then with the share of the work that is done.
  std::function<void(double share)> progress{};
};

}  // namespace shmbus::measure
