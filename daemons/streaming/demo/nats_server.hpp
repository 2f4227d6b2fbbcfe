#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "demo/process.hpp"
#include "signal_scope.hpp"

namespace demo {

/// A nats-server with JetStream, on a port of 127.0.0.1 that it chooses at each start. It keeps its streams in a folder.
class NatsServer {
 public:
  /// `program` is a path, or a name that is looked for in PATH and in /usr/sbin. Throws Failure if there is none.
  NatsServer(const std::string& program, std::filesystem::path folder, const shmbus::tool::SignalScope& stop);

  /// Starts it and waits until it listens. Throws Failure and Stopped.
  void start();
  /// SIGKILL.
  void kill() { process_.reset(); }
  /// SIGTERM, and waits for its end. Throws Failure and Stopped.
  void end();
  std::uint16_t port() const { return port_; }

 private:
  std::string log() const;

  std::filesystem::path program_;
  std::filesystem::path folder_;
  const shmbus::tool::SignalScope& stop_;
  std::unique_ptr<Process> process_;
  std::uint16_t port_ = 0;
};

}  // namespace demo
