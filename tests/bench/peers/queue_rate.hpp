#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "measure/role_processes.hpp"

namespace peers {

/// The command line of a program with a work queue: `PROGRAM queue [option...]`. Events have 64 bytes.
struct QueueJob {
  std::string at;                  ///< the server's socket or address; shmbus has none
  unsigned workers = 1;            ///< each is a process
  std::uint64_t events = 100'000;  ///< in the queue before the workers begin
  double seconds = 1;              ///< how long to measure; less where nine tenths of the events are settled before
  unsigned batch = 1;              ///< events that a worker takes at a time
};

/// How a peer is measured.
struct QueuePeer {
  const char* name;         ///< the program's
  const char* description;  ///< one line
  bool batches;             ///< whether it is also measured with 100 events at a time
  /// Makes the queue anew, and puts all events into it. Called in a process of its own.
  std::function<void(const QueueJob&)> fill;
  /// The whole of a worker, in its own process: connects, meets the others, takes and acknowledges until no more events
  /// come, and advances by what it has settled.
  std::function<void(const QueueJob&, const std::string& name, shmbus::measure::Role&)> work;
  /// Called in the program itself once all workers are gone, also after a failure. May be empty.
  std::function<void()> clear{};
};

/// The `main` of such a program: measures acknowledged events a second, prints one line of JSON, and returns the exit code.
int measure_queue(const QueuePeer& peer, int argc, char** argv);

}  // namespace peers
