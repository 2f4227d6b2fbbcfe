#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "callback_key.hpp"
#include "link.hpp"
#include "nats_handles.hpp"

namespace shmbus::bridge {

/// What an attached consumer delivers. One thread at a time.
class Delivery {
 public:
  /// Begins to receive. Throws NatsError.
  Delivery(Link& link, const std::string& stream, const std::string& consumer, const std::string& filter);
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;
  ~Delivery();

  /// Whether nats.c means this one.
  bool is(const natsSubscription* subscription) const noexcept { return subscription == subscription_.get(); }
  /// The next message that has come; null: none. `broken` is set where one may be missing.
  NatsMessage next(bool& broken);

 private:
  /// Where nats.c's own thread puts messages, if it reads the socket.
  struct Arrivals {
    std::mutex mutex;
    std::deque<NatsMessage> messages;
    Link* link;  // null: nobody takes them any more
  };
  static void on_message(natsConnection*, natsSubscription*, natsMsg* message, void* closure);

  std::shared_ptr<Arrivals> arrivals_;
  std::unique_ptr<CallbackKey<Arrivals>> key_;
  NatsSubscription subscription_;
};

}  // namespace shmbus::bridge
