#include "shmbus/subscription.hpp"

#include "dispatch/dispatcher.hpp"
#include "shmbus/bus.hpp"

namespace shmbus {

Subscription Bus::subscribe(std::string_view pattern, Handler handler, const DispatchOptions& options) {
  return Subscription(std::make_unique<detail::Dispatcher>(core_, subscriber(pattern, options.subscriber),
                                                           std::move(handler), options));
}

Subscription::Subscription(std::unique_ptr<detail::Dispatcher> dispatcher) noexcept
    : dispatcher_(std::move(dispatcher)) {}
Subscription::Subscription(Subscription&&) noexcept = default;
Subscription& Subscription::operator=(Subscription&&) noexcept = default;
Subscription::~Subscription() = default;

std::uint64_t Subscription::handled() const noexcept { return dispatcher_->handled(); }
std::uint64_t Subscription::handler_errors() const noexcept { return dispatcher_->errors(); }
std::uint64_t Subscription::lost() const noexcept { return dispatcher_->lost(); }

}  // namespace shmbus
