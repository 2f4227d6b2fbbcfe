#include "demo/platform.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <shmbus/bus.hpp>

#include "demo/failure.hpp"

namespace demo {

Platform::Platform(std::filesystem::path programs, std::string bus, std::filesystem::path folder,
                   const shmbus::tool::SignalScope& stop, int network)
    : programs_(std::move(programs)), bus_(std::move(bus)), folder_(std::move(folder)), stop_(stop), network_(network) {
  std::filesystem::create_directories(folder_);
}

Platform::~Platform() {
  processes_.clear();
  try {
    shmbus::Bus::remove(bus_, shmbus::Journals::erase);
  } catch (const std::exception& error) {
    fmt::print(stderr, "shmbus-demo: {}\n", error.what());
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string Platform::file(std::string_view service, std::string_view kind) const {
  return folder_ / fmt::format("{}.{}", service, kind);
}

Process& Platform::start(std::string_view service, const std::vector<std::string>& arguments) {
  const std::filesystem::path program = programs_ / service;
  if (::access(program.c_str(), X_OK) != 0) {
    throw Failure(fmt::format(
        "program '{}': expected the built service, found none; build the project, or name its folder with --services",
        program.string()));
  }
  auto& process = processes_[std::string(service)];
  process = std::make_unique<Process>(program, arguments, file(service, "log"), network_);
  return *process;
}

Process& Platform::start_reacting(std::string_view service, const std::string& movies,
                                  const std::vector<std::string>& more) {
  std::vector<std::string> arguments{
      "--bus", bus_, "--state", file(service, "state"), "--report", file(service, "json")};
  if (!movies.empty()) arguments.insert(arguments.end(), {"--movies", movies});
  arguments.insert(arguments.end(), more.begin(), more.end());
  return start(service, arguments);
}

void Platform::kill(std::string_view service) {
  const auto found = processes_.find(service);
  if (found != processes_.end()) processes_.erase(found);
}

void Platform::kill_all() {
  for (auto& [service, process] : processes_) process->signal(SIGKILL);
  processes_.clear();
}

void Platform::signal(std::string_view service, int number) {
  const auto found = processes_.find(service);
  if (found != processes_.end()) found->second->signal(number);
}

void Platform::stop(std::string_view service) {
  signal(service, SIGTERM);
  wait_for_end(service, std::chrono::seconds{10});
  kill(service);
}

void Platform::stop_all() {
  for (auto& [service, process] : processes_) process->signal(SIGTERM);
  wait_until("all services to end", std::chrono::seconds{10}, [&] {
    return std::none_of(processes_.begin(), processes_.end(), [](auto& entry) { return entry.second->running(); });
  });
  check_services();
  processes_.clear();
}

void Platform::wait_for_end(std::string_view service, std::chrono::nanoseconds timeout) {
  Process& process = *processes_.find(service)->second;
  wait_until(fmt::format("{} to end", service), timeout, [&] { return !process.running(); });
  check_services();
}

void Platform::wait_until(std::string_view what, std::chrono::nanoseconds timeout,
                          const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (!condition()) {
    check_services();
    if (const int signal = shmbus::tool::received_signal()) throw Stopped{signal};
    if (std::chrono::steady_clock::now() >= deadline) {
      std::string logs;
      for (const auto& [service, process] : processes_) logs += log_end(service);
      throw Failure(fmt::format("expected {} within {} s, found that it takes longer; the services said:{}", what,
                                std::chrono::duration_cast<std::chrono::seconds>(timeout).count(), logs));
    }
    stop_.sleep(std::chrono::milliseconds{5});
  }
}

nlohmann::ordered_json Platform::report(std::string_view service) const {
  std::ifstream stream(file(service, "json"));
  auto report = nlohmann::ordered_json::parse(stream, nullptr, false);
  if (report.is_discarded())
    throw Failure(fmt::format("{}: expected a report, found none; it said:{}", service, log_end(service)));
  return report;
}

// A Ctrl-C on the terminal reaches the services as well, and video-service then says so with its exit code.
void Platform::check_services() {
  for (auto& [service, process] : processes_) {
    const int code = process->exit_code().value_or(0);
    if (code == 0) continue;
    if (const int signal = shmbus::tool::received_signal()) throw Stopped{signal};
    stop_.sleep(std::chrono::milliseconds{50});
    if (const int signal = shmbus::tool::received_signal()) throw Stopped{signal};
    throw Failure(fmt::format("{}: expected it to run, found that it ended with exit code {}; it said:{}", service,
                              code, log_end(service)));
  }
}

std::string Platform::log_end(std::string_view service) const {
  std::ifstream stream(file(service, "log"));
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  std::string end;
  for (std::size_t i = lines.size() - std::min<std::size_t>(lines.size(), 5); i < lines.size(); ++i)
    end += "\n    " + lines[i];
  return end.empty() ? fmt::format("\n    ({} said nothing)", service) : end;
}

}  // namespace demo
