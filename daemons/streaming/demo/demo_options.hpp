#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "command_line.hpp"

namespace demo {

inline constexpr std::string_view video_service = "video-service";
inline constexpr std::string_view ml_service = "ml-service";
inline constexpr std::string_view badge_service = "badge-service";

/// The reacting services, in the order in which part 1 calls them without a bus.
inline constexpr std::array<std::string_view, 6> reacting_services{
    "user-service", ml_service, "analytics-service", "notification-service", badge_service, "ranking-service"};

struct DemoOptions {
  std::string input;  ///< empty: made up
  std::string movies;
  std::string services = ".";
  std::uint64_t events = 100'000;
  std::uint64_t seed = 1;
  double seconds = 20;
  std::chrono::milliseconds service_time{300};
  unsigned calls = 3;
  bool two_hosts = false;
  std::string nats_server = "nats-server";
  std::string perfetto;  ///< file to write the trace to; empty: none
};

void add_demo_options(shmbus::tool::Command& program, DemoOptions& options);

}  // namespace demo
