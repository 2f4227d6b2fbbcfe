#pragma once

#include <cstdint>
#include <string>

#include "command_line.hpp"

namespace streaming {

struct VideoOptions {
  std::string bus = "default";
  std::string input;  ///< empty: made up
  std::uint64_t events = 0;
  std::uint64_t seed = 1;
  double rate = 0;  ///< events per second; 0: as fast as possible
  double pace_seconds = 0;
  std::uint64_t burst = 1;
  std::uint64_t retain = 0;
  std::string journal = "none";
  bool resume = false;
  std::string report;
  std::string answers;
};

void add_video_options(shmbus::tool::Command& program, VideoOptions& options);

/// How many events the input will give, if that is known beforehand; 0: unknown.
std::uint64_t expected_events(const VideoOptions& options);

}  // namespace streaming
