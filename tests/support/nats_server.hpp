#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/child_process.hpp"
#include "support/free_port.hpp"
#include "support/temporary_folder.hpp"
#include "support/tls_files.hpp"

namespace test {

/// Whether there is a nats-server to start; if not, the test is skipped.
bool have_nats_server();

struct NatsServerOptions {
  std::string user{};  ///< empty: it asks for nobody's name
  std::string password{};
  std::optional<TlsFiles> tls{};
  bool verify_clients = false;  ///< clients must have a certificate of the same authority
  bool jetstream = true;
  std::uint64_t max_store = 0;  ///< bytes of all its files; 0: as it likes
  std::string host = "127.0.0.1";
  std::vector<std::string> before{};  ///< words before the command, for example to start it in a namespace
  std::string lines{};                ///< more lines of its configuration
};

/// A nats-server with JetStream, started on the loopback address. Its store lies in a temporary folder, so that it can be
/// killed and started again with what it has stored. It is killed by its pid when the object is destroyed, and also when
/// the test dies.
class NatsServer {
 public:
  explicit NatsServer(const NatsServerOptions& options = {});

  std::uint16_t port() const noexcept { return port_.number(); }
  std::string url() const;
  pid_t pid() const;
  bool running() const noexcept { return process_ != nullptr; }

  /// Starts it again, on the same port and store, and waits until JetStream is ready.
  void start();
  /// Starts it, and does not wait.
  void launch();
  void wait_until_ready() const;

  void kill();       ///< SIGKILL
  void terminate();  ///< SIGTERM: it ends by itself
  void pause();      ///< SIGSTOP
  void resume();     ///< SIGCONT

  /// What the server says at http://127.0.0.1:PORT, for example "/jsz". Empty where it doesn't answer.
  std::string monitor(const std::string& target) const;
  /// All that it logged.
  std::string log() const;

 private:
  friend class NatsCluster;
  struct Cluster {
    std::string name;                     ///< of this server
    std::uint16_t port = 0;               ///< for its routes
    std::vector<std::uint16_t> routes{};  ///< of all servers
  };
  NatsServer(const NatsServerOptions& options, const Cluster& cluster);
  void write_configuration(const NatsServerOptions& options, const Cluster& cluster) const;

  TemporaryFolder folder_;
  FreePort port_, monitor_port_;
  std::string host_;
  std::vector<std::string> command_;
  std::unique_ptr<ChildProcess> process_;
};

/// Three servers that know each other, for streams with three replicas.
class NatsCluster {
 public:
  static constexpr std::size_t size = 3;

  explicit NatsCluster(const NatsServerOptions& options = {});

  NatsServer& server(std::size_t i) { return *servers_.at(i); }
  /// The servers' addresses, separated by commas.
  std::string urls() const;

  /// Waits until all servers run and agree.
  void wait_until_ready() const;
  /// Waits until the stream has a leader that runs, and returns its number.
  std::size_t leader_of(const std::string& stream) const;

 private:
  std::array<FreePort, size> route_ports_;
  std::array<std::unique_ptr<NatsServer>, size> servers_;
};

}  // namespace test
