#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <shmbus/options.hpp>

#include "common/events.hpp"
#include "common/state_database.hpp"

namespace streaming {

/// A watch as a service gets it.
struct Watch {
  WatchStarted started{};
  std::uint64_t sequence = 0;
  shmbus::Time published{};
};

/// Passes a result on.
template <class Result>
using Send = std::function<void(const Result&)>;

/// Numbers that sum up what a service did, with their names.
using Results = std::vector<std::pair<std::string, std::uint64_t>>;

/// What a service does with a watch. It depends neither on the bus nor on the other services. All that it remembers lies
/// in tables of the service's StateDatabase, so that its state is a function of the watches it was given, in their order.
class Reaction {
 public:
  virtual ~Reaction() = default;

  /// Throws StateError.
  virtual void react(const Watch& watch) = 0;
  virtual Results results() const = 0;
};

}  // namespace streaming
