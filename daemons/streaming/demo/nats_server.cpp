#include "demo/nats_server.hpp"

#include <signal.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string_view>

#include <fmt/format.h>

#include "demo/failure.hpp"

namespace demo {
namespace {

constexpr auto pause = std::chrono::milliseconds{5};
constexpr auto patience = std::chrono::seconds{20};

std::filesystem::path find_program(const std::string& program) {
  if (program.find('/') != std::string::npos && ::access(program.c_str(), X_OK) == 0) return program;
  const char* path = std::getenv("PATH");
  std::istringstream folders(std::string(path == nullptr ? "" : path) + ":/usr/sbin");
  for (std::string folder; program.find('/') == std::string::npos && std::getline(folders, folder, ':');) {
    const auto file = std::filesystem::path(folder.empty() ? "." : folder) / program;
    if (::access(file.c_str(), X_OK) == 0) return file;
  }
  throw Failure(
      fmt::format("program '{}': expected NATS's server, found none; install it (Debian 12: apt-get install "
                  "nats-server), or name it with --nats-server",
                  program));
}

/// The port in the line of the log with which the server says that it listens.
std::optional<std::uint16_t> port_in(std::string_view log) {
  constexpr std::string_view line = "Listening for client connections on 127.0.0.1:";
  const std::size_t found = log.find(line);
  if (found == std::string_view::npos || log.find("Server is ready") == std::string_view::npos) return std::nullopt;
  std::uint16_t port = 0;
  std::from_chars(log.data() + found + line.size(), log.data() + log.size(), port);
  return port;
}

}  // namespace

NatsServer::NatsServer(const std::string& program, std::filesystem::path folder, const shmbus::tool::SignalScope& stop)
    : program_(find_program(program)), folder_(std::move(folder)), stop_(stop) {
  std::filesystem::create_directories(folder_);
  std::ofstream(folder_ / "nats.conf") << "listen: \"127.0.0.1:-1\"\n"
                                          "jetstream { store_dir: \""
                                       << (folder_ / "jetstream").string() << "\" }\n";
}

void NatsServer::start() {
  process_.reset();
  std::filesystem::remove(folder_ / "log");
  process_ =
      std::make_unique<Process>(program_, std::vector<std::string>{"--config", folder_ / "nats.conf"}, folder_ / "log");
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    const std::string said = log();
    if (const auto port = port_in(said)) {
      port_ = *port;
      return;
    }
    if (const int signal = shmbus::tool::received_signal()) throw Stopped{signal};
    if (!process_->running() || std::chrono::steady_clock::now() >= deadline)
      throw Failure(
          fmt::format("{}: expected it to listen on a port of 127.0.0.1, found that it does not; it said:\n{}",
                      program_.string(), said));
    stop_.sleep(pause);
  }
}

void NatsServer::end() {
  process_->signal(SIGTERM);
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (process_->running()) {
    if (const int signal = shmbus::tool::received_signal()) throw Stopped{signal};
    if (std::chrono::steady_clock::now() >= deadline)
      throw Failure(fmt::format("{}: expected it to end after SIGTERM, found that it runs; it said:\n{}",
                                program_.string(), log()));
    stop_.sleep(pause);
  }
  process_.reset();
}

std::string NatsServer::log() const {
  std::ifstream stream(folder_ / "log");
  return {std::istreambuf_iterator<char>{stream}, std::istreambuf_iterator<char>{}};
}

}  // namespace demo
