#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "callback_key.hpp"
#include "nats_handles.hpp"
#include "settings.hpp"
#include "socket_loop.hpp"

namespace shmbus::bridge {

/// One connection to NATS, from its making to its first failure. nats.c does not reconnect it: the bridge makes a new
/// one, so that after each interruption everything begins from what the stream says, and no publish waits in a buffer.
class Link {
 public:
  /// What is called on other threads, as long as the Link exists.
  struct Calls {
    std::function<void()> lost;  ///< once, when the connection is lost or closed
    std::function<void(const natsSubscription*, natsStatus)> complaint;
    std::function<void()> arrived;  ///< on the thread that reads the socket, after it has read, and now and then
  };
  /// Connects. Throws NatsError.
  Link(const NatsSettings& settings, const std::string& bridge, Calls calls);
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  /// Closes it. Callbacks of subscriptions may still run until they have completed.
  ~Link();

  natsConnection* connection() const noexcept { return connection_.get(); }
  /// For requests, not for publishing.
  jsCtx* js() const noexcept { return js_.get(); }

  /// Sends what is under way, and closes the connection: all requests return at once.
  void close() noexcept;
  bool lost() const noexcept;
  /// What NATS last said outside of answers: why it was lost, or that something is not permitted. Empty: nothing.
  std::string complaint() const;

  /// While it exists, what this thread publishes is gathered; its end sends it.
  SocketLoop::Batch batch() { return SocketLoop::Batch(loop_); }
  /// Whether our loop reads the socket. With TLS nats.c does: its functions for loops can wait for ever in a record that was
  /// cut, and use one TLS session on two threads.
  bool reads_itself() const noexcept { return reads_itself_; }
  /// Makes the thread that reads call `arrived` soon. Any thread.
  void nudge() noexcept { loop_.nudge(); }
  /// For the thread that reads, while it waits for something else: reads, without a call of `arrived`.
  void read_on() noexcept { loop_.read_on(); }

  /// The largest message that the server takes: headers and payload.
  std::size_t max_payload() const noexcept;
  /// "nats://10.0.0.1:4222", without credentials.
  std::string server() const;

 private:
  struct State;
  bool reads_itself_;
  std::shared_ptr<State> state_;
  std::unique_ptr<CallbackKey<State>> key_;
  SocketLoop loop_;
  NatsConnection connection_;
  JetStream js_;
};

/// The server's addresses, without user and password.
std::vector<std::string> urls_without_secrets(const NatsSettings& settings);

}  // namespace shmbus::bridge
