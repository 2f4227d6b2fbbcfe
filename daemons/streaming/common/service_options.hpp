#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "command_line.hpp"

namespace streaming {

/// The options that the six reacting services share.
struct ServiceOptions {
  std::string bus = "default";
  std::string state;   ///< empty: none
  std::string report;  ///< empty: none
  std::string movies;  ///< empty: genres are made up
  std::uint64_t until = 0;
  bool reliable = false;
  std::chrono::milliseconds save_interval{100};
  std::chrono::milliseconds linger{10};
  std::chrono::milliseconds work{0};
  std::string serve;  ///< empty: read the bus
  std::chrono::milliseconds service_time{300};
};

/// `--bus`, which every program of the platform has.
void add_bus_option(shmbus::tool::Command& program, std::string& bus);

void add_service_options(shmbus::tool::Command& program, ServiceOptions& options);

}  // namespace streaming
