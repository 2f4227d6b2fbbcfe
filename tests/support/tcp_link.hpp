#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "support/free_port.hpp"

namespace test {

/// A link between clients and a server of this machine that can be cut and mended: a proxy in a thread of its own.
class TcpLink {
 public:
  explicit TcpLink(std::uint16_t server);
  TcpLink(const TcpLink&) = delete;
  TcpLink& operator=(const TcpLink&) = delete;
  ~TcpLink();

  std::uint16_t port() const noexcept { return port_.number(); }
  std::string url() const { return "nats://127.0.0.1:" + std::to_string(port()); }

  /// Nothing passes in either direction, and neither end notices: like a cable that is pulled out. Connections stay, and
  /// new ones wait.
  void cut();
  /// Ends all connections, and what was under way is lost. New ones are refused until `mend`.
  void close();
  /// What waited passes on.
  void mend();
  /// As `mend`, but what waited is lost with its connections.
  void mend_with_loss();

  /// How many connections were made so far.
  unsigned connections() const noexcept { return connections_; }

 private:
  struct Pair {
    int client = -1;
    int server = -1;
    std::string to_server{};
    std::string to_client{};
  };
  enum class Mode : std::uint8_t { open, cut, closed };

  void change(Mode mode, bool drop);
  void work();
  void listen();
  void accept();
  /// Moves bytes. Returns false when either end has closed.
  static bool pass(Pair& pair, short client_events, short server_events);
  static void end(Pair& pair);
  int connect() const;

  FreePort port_;
  std::uint16_t server_;
  int listener_ = -1;
  int wake_ = -1;
  std::vector<Pair> pairs_;
  std::mutex mutex_;
  Mode mode_ = Mode::open;               ///< wanted; under the mutex
  bool drop_ = false;                    ///< all connections are to end; under the mutex
  bool stop_ = false;                    ///< under the mutex
  std::uint64_t wanted_ = 0, done_ = 0;  ///< changes of the mode; under the mutex
  std::atomic<unsigned> connections_{0};
  std::thread thread_;
};

}  // namespace test
