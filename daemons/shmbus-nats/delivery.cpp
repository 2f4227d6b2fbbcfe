#include "delivery.hpp"

#include <utility>

#include <fmt/format.h>

#include "nats_error.hpp"

namespace shmbus::bridge {

Delivery::Delivery(Link& link, const std::string& stream, const std::string& consumer, const std::string& filter) {
  jsSubOptions options;
  jsSubOptions_Init(&options);
  options.Stream = stream.c_str();
  options.Consumer = consumer.c_str();
  options.ManualAck = true;
  natsSubscription* made = nullptr;
  jsErrCode code{};
  natsStatus status = NATS_OK;
  if (link.reads_itself()) {
    status = js_SubscribeSync(&made, link.js(), filter.c_str(), nullptr, &options, &code);
  } else {
    arrivals_ = std::make_shared<Arrivals>();
    arrivals_->link = &link;
    key_ = std::make_unique<CallbackKey<Arrivals>>(arrivals_);
    status = js_Subscribe(&made, link.js(), filter.c_str(), on_message, key_->closure(), nullptr, &options, &code);
  }
  check(status, fmt::format("stream {} can't be received", stream), code);
  subscription_.reset(made);
  natsSubscription_SetPendingLimits(made, -1, -1);  // the consumer has one
}

Delivery::~Delivery() {
  if (!arrivals_) return;
  const std::lock_guard lock(arrivals_->mutex);
  arrivals_->link = nullptr;
}

void Delivery::on_message(natsConnection*, natsSubscription*, natsMsg* message, void* closure) {
  NatsMessage owner(message);
  const auto arrivals = CallbackKey<Arrivals>::find(closure);
  if (!arrivals) return;
  const std::lock_guard lock(arrivals->mutex);
  if (arrivals->link == nullptr) return;
  arrivals->messages.push_back(std::move(owner));
  if (arrivals->messages.size() == 1) arrivals->link->nudge();
}

NatsMessage Delivery::next(bool& broken) {
  if (arrivals_) {
    const std::lock_guard lock(arrivals_->mutex);
    if (arrivals_->messages.empty()) return nullptr;
    NatsMessage message = std::move(arrivals_->messages.front());
    arrivals_->messages.pop_front();
    return message;
  }
  std::uint64_t queued = 0;
  if (natsSubscription_QueuedMsgs(subscription_.get(), &queued) != NATS_OK || queued == 0) return nullptr;
  natsMsg* message = nullptr;
  const natsStatus status = natsSubscription_NextMsg(&message, subscription_.get(), 1);
  if (status != NATS_OK && status != NATS_TIMEOUT) broken = true;  // after a time-out that was a heartbeat
  return NatsMessage(message);
}

}  // namespace shmbus::bridge
