#include "service_loop.hpp"

#include <csignal>
#include <cstring>
#include <exception>
#include <sstream>
#include <string>

#include <spdlog/spdlog.h>

#include "signal_queue.hpp"

namespace shmbus::daemon {
namespace {

void reread(ServiceManager& manager, const ServiceWork& work) {
  manager.reloading();
  try {
    work.reread();
  } catch (const std::exception& error) {
    std::istringstream lines{error.what()};
    for (std::string line; std::getline(lines, line);) spdlog::error("{}", line);
    spdlog::error("the configuration stays as it was");
  }
  manager.reloaded();
}

}  // namespace

void run_service(ServiceManager& manager, const ServiceWork& work, std::chrono::nanoseconds first) {
  using Clock = std::chrono::steady_clock;
  for (Clock::time_point next = Clock::now() + first;;) {
    const int signal = tool::take_signal(next - Clock::now());
    if (signal == SIGHUP) {
      reread(manager, work);
    } else if (signal != 0) {
      spdlog::info("stops on SIG{}", ::sigabbrev_np(signal));
      return manager.stopping();
    }
    // Also at once after reading the configuration: the interval may have been long.
    if (signal == SIGHUP || Clock::now() >= next) {
      const std::chrono::nanoseconds interval = work.look(signal == SIGHUP);
      next = Clock::now() + interval;
    }
  }
}

}  // namespace shmbus::daemon
