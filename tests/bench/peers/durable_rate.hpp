#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace peers {

/// The command line of a program that makes events durable: `PROGRAM durable --at PATH [option...]`.
struct DurableJob {
  std::string at;            ///< where the peer keeps its events: a folder on the disk, or a server's socket
  unsigned clients = 16;     ///< each is a process
  unsigned outstanding = 1;  ///< events that a client sends before it waits for the disk
  std::size_t size = 64;     ///< bytes of an event
  double seconds = 1;        ///< how long to measure, after a warm-up of a fifth of it
};

/// One client, in its own process.
class DurableClient {
 public:
  virtual ~DurableClient() = default;
  /// Sends `outstanding` events, and returns when all of them are on stable storage.
  virtual void write() = 0;

 protected:
  DurableClient() = default;
  DurableClient(const DurableClient&) = delete;
  DurableClient& operator=(const DurableClient&) = delete;
};

/// How a peer is measured.
struct DurablePeer {
  const char* name;         ///< the program's
  const char* description;  ///< one line
  /// Called in each client's process.
  std::function<std::unique_ptr<DurableClient>(const DurableJob&)> client;
  /// Called in the program itself once all clients are gone, also after a failure. May be empty.
  std::function<void()> clear{};
};

/// The `main` of such a program: measures durable events a second as the command line says, prints one line of JSON, and
/// returns the exit code.
int measure_durable(const DurablePeer& peer, int argc, char** argv);

}  // namespace peers
