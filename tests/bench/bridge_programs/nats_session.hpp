#pragma once

#include <nats/nats.h>

#include <cstdint>
#include <memory>
#include <string>

namespace bench {

template <class T, void (*destroy)(T*)>
struct Destroy {
  void operator()(T* object) const noexcept { destroy(object); }
};
template <class T, void (*destroy)(T*)>
using Owned = std::unique_ptr<T, Destroy<T, destroy>>;

/// Throws std::runtime_error unless the status is good.
void check(natsStatus status, const std::string& what);

/// A connection to a server, with JetStream.
class NatsSession {
 public:
  /// `window`: publishes in flight. `at_once`: nothing that is sent waits up to a millisecond for more.
  explicit NatsSession(const std::string& url, std::int64_t window = 4096, bool at_once = false);

  jsCtx* js() const noexcept { return js_.get(); }
  natsConnection* connection() const noexcept { return connection_.get(); }
  /// How many publishes failed.
  std::uint64_t failures() const noexcept;

  /// Makes a stream as the bridge does, unless `storage` says otherwise.
  void make_stream(const std::string& name, const std::string& subjects, jsStorageType storage = js_FileStorage) const;
  void delete_stream(const std::string& name) const;
  /// How many messages it holds; 0 where there is none.
  std::uint64_t messages(const std::string& stream) const;

 private:
  struct State;
  static void on_acknowledged(jsCtx* js, natsMsg* message, jsPubAck* ack, jsPubAckErr* error, void* closure);

  std::shared_ptr<State> state_;
  Owned<natsConnection, natsConnection_Destroy> connection_;
  Owned<jsCtx, jsCtx_Destroy> js_;
};

}  // namespace bench
