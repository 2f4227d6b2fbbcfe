#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/events.hpp"
#include "demo/demo_options.hpp"

namespace demo {

/// The watches of the demonstration, read once beforehand to know how many there will be.
struct DemoInput {
  std::string description;
  std::uint64_t watches = 0;
  std::uint64_t malformed = 0;
  std::vector<streaming::WatchStarted> first;  ///< a hundred at most
  std::string movies;                          ///< empty: none

  /// What tells video-service to take `events` of them; 0: all.
  std::vector<std::string> arguments(const DemoOptions& options, std::uint64_t events) const;
};

/// Throws Failure where they are too few to show anything, and others where they cannot be read.
DemoInput read_input(const DemoOptions& options);

}  // namespace demo
