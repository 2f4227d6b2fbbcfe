#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>

#include <nats/nats.h>

#include "wake_signal.hpp"

namespace shmbus::bridge {

/// Reads and writes the socket of one connection of nats.c, in place of the threads that nats.c would start. So whoever
/// publishes can send a batch at once, and what comes in is taken on the thread that read it: two wake-ups of threads less
/// on the way of an event.
class SocketLoop {
 public:
  /// `arrived` is called on the loop's thread after bytes were read, after `nudge`, and twice a second.
  explicit SocketLoop(std::function<void()> arrived) : arrived_(std::move(arrived)) {}
  SocketLoop(const SocketLoop&) = delete;
  SocketLoop& operator=(const SocketLoop&) = delete;
  ~SocketLoop() { end(); }

  /// Makes nats.c use this loop. Throws NatsError.
  void use_in(natsOptions* options);
  /// Begins without a socket: for `nudge` alone.
  void start();
  /// After a connection that was not made: nats.c has freed it.
  void abandon() noexcept { attached_ = false; }
  /// Waits until nats.c has left the loop, and ends its thread. *Requires* that the connection was closed, and is not freed
  /// yet.
  void end();

  /// Sends what was published. Any thread.
  void flush() noexcept;
  /// While it exists, what this thread publishes is gathered; its end sends it.
  class Batch {
   public:
    explicit Batch(SocketLoop& loop);
    Batch(const Batch&) = delete;
    Batch& operator=(const Batch&) = delete;
    ~Batch();

   private:
    SocketLoop& loop_;
  };
  /// Makes the loop's thread call `arrived` soon. Any thread.
  void nudge() noexcept { wake_.signal(); }
  /// Reads what there is, without `arrived`: for a thread of the loop that has to wait in it.
  void read_on() noexcept;

 private:
  void write() noexcept;
  static natsStatus attach(void** data, void* loop, natsConnection* connection, natsSock socket);
  static natsStatus set_reading(void* data, bool on);
  static natsStatus set_writing(void* data, bool on);
  static natsStatus detach(void* data);
  void run();
  /// Waits for this time, reads and writes what can be.
  void serve(int timeout_ms);

  std::function<void()> arrived_;
  WakeSignal wake_;
  std::mutex writes_;
  std::atomic<natsConnection*> connection_{nullptr};
  std::atomic<int> socket_{-1};
  std::atomic<bool> attached_{false}, reading_{false}, writing_{false}, ended_{false};
  std::thread thread_;
};

}  // namespace shmbus::bridge
