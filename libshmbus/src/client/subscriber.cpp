#include "shmbus/subscriber.hpp"

#include <utility>

#include "client/subscriber_core.hpp"
#include "log/handled_event.hpp"
#include "shmbus/error.hpp"
#include "trace/recorded_call.hpp"

namespace shmbus {

namespace {

/// The state of Subscribers that were moved from. It is pending, so that they poll no topic. Nothing changes it.
detail::PollState& nothing_to_poll() noexcept {
  struct Nothing : detail::PollState {
    Nothing() { pending = true; }
  };
  static Nothing nothing;
  return nothing;
}

}  // namespace

Subscriber::Subscriber(std::shared_ptr<detail::SubscriberCore> core) noexcept
    : core_(std::move(core)), state_(&core_->state()) {}
Subscriber::Subscriber(Subscriber&& other) noexcept
    : core_(std::move(other.core_)), state_(std::exchange(other.state_, &nothing_to_poll())) {}

namespace {

void end(std::shared_ptr<detail::SubscriberCore> core) noexcept {
  if (!core) return;
  const detail::PollState* state = &core->state();
  if (!log::HandledEvent::any_handler([state](const detail::PollState& running) { return &running == state; })) return;
  detail::SubscriberCore& ended = *core;
  ended.end_in_handler(std::move(core));
}

}  // namespace

Subscriber& Subscriber::operator=(Subscriber&& other) noexcept {
  if (this != &other) {
    end(std::exchange(core_, std::move(other.core_)));
    state_ = std::exchange(other.state_, &nothing_to_poll());
  }
  return *this;
}

Subscriber::~Subscriber() { end(std::move(core_)); }

/// The handler may destroy this Subscriber, or assign another one: the recorder exists until the poll has ended.
std::size_t Subscriber::poll_recorded(detail::ErasedHandler handler, std::size_t limit) {
  trace::CallRecorder& recorder = *state_->recorder;
  recorder.check_size();
  recorder.pause(0);
  auto recorded = [&](const Event& event) {
    trace::record_call(recorder, 0, event.source_->origin, event.record_, [&] { handler.call(handler.object, event); });
  };
  return poll_topics(recorded, limit);
}

bool Subscriber::wait(std::chrono::nanoseconds timeout) {
  if (!core_) return false;
  const auto use = state_->check.enter();
  return core_->wait(timeout);
}

int Subscriber::fd() {
  if (!core_) {
    throw Error(ErrorCode::closed, {"Subscriber", "one that reads a bus", "one that was moved from",
                                    "use the Subscriber that it was moved to"});
  }
  const auto use = state_->check.enter();
  return core_->fd();
}

// A Subscriber without a core was moved from.
void Subscriber::interrupt() noexcept {
  if (core_) core_->interrupt();
}
std::uint64_t Subscriber::lost() const noexcept { return core_ ? core_->topics().lost() : 0; }
std::uint64_t Subscriber::delivered() const noexcept { return core_ ? core_->topics().delivered() : 0; }
std::size_t Subscriber::topics() const noexcept { return core_ ? core_->topics().attached() : 0; }
std::vector<UnattachedTopic> Subscriber::unattached() const {
  return core_ ? core_->topics().unattached() : std::vector<UnattachedTopic>{};
}
Status Subscriber::status() const noexcept { return core_ ? core_->status() : Status::closed; }
bool Subscriber::acknowledge(const Event& event) {
  if (!core_) return false;
  return core_->acknowledge(*event.source_, event.sequence());
}
bool Subscriber::standing_by() const noexcept { return core_ && core_->standing_by(); }
bool Subscriber::demoted() const noexcept { return core_ && core_->demoted(); }
std::string_view Subscriber::pattern() const noexcept { return core_ ? core_->pattern().text() : std::string_view{}; }

}  // namespace shmbus
