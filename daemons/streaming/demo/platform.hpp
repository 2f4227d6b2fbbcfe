#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "demo/process.hpp"
#include "signal_scope.hpp"

namespace demo {

/// The services of one part of the demonstration, their bus and their files. Destroying it ends and removes all of them.
class Platform {
 public:
  /// Makes `folder`, and removes it at the end. The services run in that network namespace, unless `network` is -1.
  Platform(std::filesystem::path programs, std::string bus, std::filesystem::path folder,
           const shmbus::tool::SignalScope& stop, int network = -1);
  ~Platform();
  Platform(const Platform&) = delete;
  Platform& operator=(const Platform&) = delete;

  const std::string& bus() const { return bus_; }
  std::string file(std::string_view service, std::string_view kind) const;

  /// Starts a service, or starts it again. Throws Failure where there is no such program.
  Process& start(std::string_view service, const std::vector<std::string>& arguments);
  /// Starts one of the six that react, on the bus.
  Process& start_reacting(std::string_view service, const std::string& movies,
                          const std::vector<std::string>& more = {});

  void kill(std::string_view service);
  /// Kills all running services at once.
  void kill_all();
  void signal(std::string_view service, int number);
  /// Sends SIGTERM to one service, and waits until it has ended.
  void stop(std::string_view service);
  /// Sends SIGTERM to all running services, and waits until they have ended.
  void stop_all();
  /// Waits until a service has ended by itself.
  void wait_for_end(std::string_view service, std::chrono::nanoseconds timeout);

  /// Waits until a condition holds, and checks it every few milliseconds. Throws Failure when the time is over or a service
  /// fails meanwhile, and Stopped.
  void wait_until(std::string_view what, std::chrono::nanoseconds timeout, const std::function<bool()>& condition);

  /// What a service that ended reported.
  nlohmann::ordered_json report(std::string_view service) const;

  /// Throws Failure if a service failed, and Stopped.
  void check_services();

 private:
  std::string log_end(std::string_view service) const;

  std::filesystem::path programs_;
  std::string bus_;
  std::filesystem::path folder_;
  const shmbus::tool::SignalScope& stop_;
  int network_;
  std::map<std::string, std::unique_ptr<Process>, std::less<>> processes_;
};

}  // namespace demo
