#include "service_manager.hpp"

#include <chrono>
#include <exception>
#include <utility>

#include <spdlog/spdlog.h>

#include "notify.hpp"

namespace shmbus::daemon {

void ServiceManager::ready() {
  if (!std::exchange(ready_, true)) tell("READY=1");
}

void ServiceManager::reloading() {
  using namespace std::chrono;
  const auto now = duration_cast<microseconds>(steady_clock::now().time_since_epoch());
  tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now.count()));
}

void ServiceManager::reloaded() {
  if (ready_) tell("READY=1");
}

void ServiceManager::stopping() { tell("STOPPING=1"); }

void ServiceManager::status(const std::string& line) {
  if (std::exchange(status_, line) != line) tell("STATUS=" + line);
}

void ServiceManager::tell(std::string_view state) try { notify(state); } catch (const std::exception& error) {
  spdlog::warn("the service manager can't be notified: {}", error.what());
}

}  // namespace shmbus::daemon
