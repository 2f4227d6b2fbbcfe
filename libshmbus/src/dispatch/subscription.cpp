#include "shmbus/subscription.hpp"

#include "base/pattern.hpp"
#include "dispatch/dispatcher.hpp"
#include "dispatch/group_loop.hpp"
#include "dispatch/handler_loop.hpp"
#include "shmbus/bus.hpp"
#include "shmbus/error.hpp"

namespace shmbus {

namespace {

constexpr std::size_t kMaxWorkers = 64, kMaxQueue = std::size_t{1} << 20;

void check(std::string_view pattern, const Handler& handler, const DispatchOptions& options) {
  if (!handler) {
    throw Error(ErrorCode::invalid_option,
                {"the handler of a subscription to '" + std::string(pattern) + "'", "a function to call", "none",
                 "give a lambda or function; a default-constructed std::function is empty"});
  }
  const auto refuse = [](const char* what, const char* expected, std::size_t found) {
    throw Error(ErrorCode::invalid_option, {what, expected, std::to_string(found), "choose a number in that range"});
  };
  if (options.workers < 1 || options.workers > kMaxWorkers)
    refuse("dispatch option workers", "1 to 64", options.workers);
  if (options.subscriber.acknowledge != Acknowledge::next_poll) {
    throw Error(ErrorCode::invalid_option,
                {"subscriber option acknowledge", "next_poll, since a handler acknowledges by returning", "manual",
                 "leave it out; or use Bus::subscriber, and acknowledge by hand"});
  }
  if (options.queue < 1 || options.queue > kMaxQueue) refuse("dispatch option queue", "1 to 1048576", options.queue);
}

/// A group has no use for some options of a subscriber. None is ignored in silence.
void check_group(const DispatchOptions& options) {
  const SubscriberOptions& s = options.subscriber;
  const auto refuse = [](const char* option, const char* expected, const char* remedy) {
    throw Error(ErrorCode::invalid_option,
                {std::string("subscriber option ") + option, expected, "another value", remedy});
  };
  if (s.start.kind() != Start::Kind::latest)
    refuse("start", "its default, since a group keeps its own place", "give group_options.start, for a new group");
  if (s.delivery != Delivery::lossy || s.demote_after.count() != 0)
    refuse("delivery", "its default, since a group leases its events", "leave it out");
  if (!s.durable.empty() || s.standby) refuse("durable", "none, since a group is durable by itself", "leave it out");
  if (s.see != See::published) refuse("see", "See::published, for a group", "leave it out");
}

}  // namespace

Subscription Bus::subscribe(std::string_view pattern, Handler handler, const DispatchOptions& options) {
  core();  // throws where this Bus was moved from
  check(pattern, handler, options);
  if (!options.group.empty()) {
    check_group(options);
    GroupOptions group = options.group_options;
    group.wait = options.subscriber.wait;
    if (group.name.empty()) group.name = options.subscriber.name;
    auto member =
        std::make_shared<detail::GroupCore>(core_, base::TopicName(pattern), base::GroupName(options.group), group);
    auto loop = std::make_shared<detail::GroupLoop>(core_, std::move(member), std::move(handler), options);
    return Subscription(std::make_unique<detail::Dispatcher>(std::move(loop), options.workers));
  }
  SubscriberOptions subscription = options.subscriber;
  if (!subscription.durable.empty()) subscription.acknowledge = Acknowledge::manual;  // by the loop
  auto core = std::make_shared<detail::SubscriberCore>(core_, base::Pattern(pattern), subscription);
  Subscriber subscriber(core);
  auto loop =
      std::make_shared<detail::HandlerLoop>(core_, std::move(core), std::move(subscriber), std::move(handler), options);
  return Subscription(std::make_unique<detail::Dispatcher>(std::move(loop), options.workers));
}

Subscription::Subscription(std::unique_ptr<detail::Dispatcher> dispatcher) noexcept
    : dispatcher_(std::move(dispatcher)) {}
Subscription::Subscription(Subscription&&) noexcept = default;
Subscription& Subscription::operator=(Subscription&&) noexcept = default;
Subscription::~Subscription() = default;

std::uint64_t Subscription::handled() const noexcept { return dispatcher_ ? dispatcher_->loop().handled() : 0; }
std::uint64_t Subscription::handler_errors() const noexcept { return dispatcher_ ? dispatcher_->loop().errors() : 0; }
std::uint64_t Subscription::lost() const noexcept { return dispatcher_ ? dispatcher_->loop().lost() : 0; }
Status Subscription::status() const noexcept { return dispatcher_ ? dispatcher_->loop().status() : Status::closed; }
bool Subscription::standing_by() const noexcept { return dispatcher_ && dispatcher_->loop().standing_by(); }
bool Subscription::demoted() const noexcept { return dispatcher_ && dispatcher_->loop().demoted(); }

std::vector<UnattachedTopic> Subscription::unattached() const {
  return dispatcher_ ? dispatcher_->loop().unattached() : std::vector<UnattachedTopic>{};
}

bool Subscription::wait_for(std::chrono::nanoseconds timeout) const noexcept {
  return !dispatcher_ || dispatcher_->loop().wait(timeout);
}

bool Subscription::stop_for(std::chrono::nanoseconds timeout) noexcept {
  if (!dispatcher_) return true;
  dispatcher_->loop().end();
  return dispatcher_->loop().wait(timeout);
}

}  // namespace shmbus
