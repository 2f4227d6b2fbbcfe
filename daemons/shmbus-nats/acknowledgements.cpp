#include "acknowledgements.hpp"

#include <cstring>
#include <string>

#include <fmt/format.h>

#include "crash_point.hpp"
#include "message_headers.hpp"
#include "nats_error.hpp"

namespace shmbus::bridge {
namespace {

/// Makes the message of nats.c. Throws NatsError.
NatsMessage made(const Message& message, const std::string& subject, std::uint64_t place) {
  natsMsg* made = nullptr;
  check(natsMsg_Create(&made, subject.c_str(), nullptr, message.bytes.data(), static_cast<int>(message.payload)),
        "a message can't be made");
  NatsMessage owner(made);
  for (std::size_t at = message.payload; at < message.bytes.size();) {
    const char* name = message.bytes.data() + at;
    const char* value = name + std::strlen(name) + 1;
    check(natsMsgHeader_Set(made, name, value), "a header can't be set");
    at = static_cast<std::size_t>(value + std::strlen(value) + 1 - message.bytes.data());
  }
  // By hand: the options of nats.c leave out 0, which the first message of a stream expects.
  check(natsMsgHeader_Set(made, header::expected, std::to_string(place - 1).c_str()), "a header can't be set");
  return owner;
}

}  // namespace

void Acknowledgements::begin(natsConnection* connection) {
  if (!key_) key_ = std::make_unique<CallbackKey<Acknowledgements>>(weak_from_this());
  jsOptions options;
  jsOptions_Init(&options);
  options.PublishAsync.AckHandler = on_answer;
  options.PublishAsync.AckHandlerClosure = key_->closure();
  jsCtx* js = nullptr;
  check(natsConnection_JetStream(&js, connection, &options), "JetStream can't be used");
  js_.reset(js);
  const std::lock_guard lock(mutex_);
  current_ = js;
  failure_.reset();
  unanswered_ = 0;
  progressed_ = false;
}

bool Acknowledgements::send(std::uint64_t place, const Message& sent) {
  natsMsg* message = made(sent, sent.topic->subject, place).release();
  {
    const std::lock_guard lock(mutex_);
    if (failure_) {
      natsMsg_Destroy(message);
      return false;
    }
    if (unanswered_++ == 0) waits_since_ = Clock::now();
  }
  const natsStatus status = js_PublishMsgAsync(js_.get(), &message, nullptr);
  const NatsMessage left(message);  // null where nats.c took it
  if (status == NATS_OK) {
    ++counts_.sent;
    return true;
  }
  const std::lock_guard lock(mutex_);
  --unanswered_;
  if (!failure_) failure_ = Failure{nats_reason(status), static_cast<jsErrCode>(0)};
  return false;
}

void Acknowledgements::on_answer(jsCtx* js, natsMsg* message, jsPubAck* ack, jsPubAckErr* error, void* closure) {
  const NatsMessage owner(message);
  if (const auto self = CallbackKey<Acknowledgements>::find(closure)) self->answer(js, ack, error);
}

void Acknowledgements::answer(jsCtx* js, const jsPubAck* ack, const jsPubAckErr* error) {
  const std::lock_guard lock(mutex_);
  if (js != current_) return;
  --unanswered_;
  waits_since_ = Clock::now();
  if (error != nullptr) {
    ++counts_.refused;
    if (!failure_)
      failure_ = Failure{error->ErrText == nullptr || *error->ErrText == '\0' ? natsStatus_GetText(error->Err) : error->ErrText,
                         error->ErrCode};
  } else if (!window_.acknowledge(ack->Sequence)) {
    if (!failure_)
      failure_ = Failure{fmt::format("a message was stored at {}, which is none of the places {} to {}: somebody else "
                                     "writes this stream", ack->Sequence, window_.first(), window_.next() - 1),
                         static_cast<jsErrCode>(0)};
  } else {
    progressed_ = true;
    take_out_acknowledged();
  }
  if (unanswered_ == 0) answered_.notify_all();
  if (failure_ || (wanted_ && window_.size() <= wake_at_)) {
    wanted_ = false;
    wake_.signal();
  }
}

void Acknowledgements::take_out_acknowledged() {
  while (window_.front_acknowledged()) {
    const EventId event = window_.front().event;
    crash_point("out.acked");
    state_.set_position(event.topic, event.sequence);
    crash_point("out.positioned");
    window_.pop_front();
    ++counts_.acked;
  }
}

std::optional<Acknowledgements::Failure> Acknowledgements::failure() {
  const std::lock_guard lock(mutex_);
  if (!failure_ && unanswered_ != 0 && Clock::now() - waits_since_ > patience)
    failure_ = Failure{fmt::format("JetStream did not answer for {} s", patience.count()), static_cast<jsErrCode>(0)};
  return failure_;
}

void Acknowledgements::show() {
  const std::lock_guard lock(mutex_);
  counts_.in_flight = window_.size();
  counts_.oldest_time = window_.empty() ? 0 : window_.front().time.time_since_epoch().count();
}

}  // namespace shmbus::bridge
