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

  /// The arguments that make video-service publish `events` of them; 0: all.
  std::vector<std::string> arguments(const DemoOptions& options, std::uint64_t events) const;
};

/// Throws Failure if they are too few to show anything, and other errors if they cannot be read.
DemoInput read_input(const DemoOptions& options);

}  // namespace demo
