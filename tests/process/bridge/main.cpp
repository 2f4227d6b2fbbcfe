// shmbus-nats, which kills itself at the crash point that SHMBUS_NATS_CRASH names: POINT, or POINT:COUNT for the COUNT-th
// time. With --crash-points it prints the names of all.

#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "shmbus-nats/bridge_program.hpp"
#include "shmbus-nats/crash_point.hpp"

namespace {

std::string wanted;
std::atomic<long> left{1};

void die_there(std::string_view point) {
  if (point == wanted && --left == 0) ::kill(::getpid(), SIGKILL);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view{argv[1]} == "--crash-points") {
    for (const std::string_view point : shmbus::bridge::crash_points) std::printf("%s\n", std::string{point}.c_str());
    return 0;
  }
  if (const char* text = std::getenv("SHMBUS_NATS_CRASH")) {
    wanted = text;
    if (const std::size_t colon = wanted.find(':'); colon != std::string::npos) {
      left = std::atol(wanted.c_str() + colon + 1);
      wanted.resize(colon);
    }
    shmbus::bridge::crash_hook = die_there;
  }
  return shmbus::bridge::run_bridge(argc, argv);
}
