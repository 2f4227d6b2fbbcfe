#include "shmbus/subscription.hpp"

#include <stdexcept>
#include <string>

#include "c/bus.hpp"
#include "c/event_place.hpp"
#include "c/group_options.hpp"
#include "c/option_struct.hpp"
#include "c/snapshot_json.hpp"
#include "c/subscriber_options.hpp"
#include "c/typed_events.hpp"
#include "c/values.hpp"

using namespace shmbus;

namespace shmbus::c {

namespace {

struct SubscriptionObject {
  static constexpr Kind kKind = Kind::subscription;
  std::shared_ptr<Subscription> shared;
};

/// A program's handler with its context, which is released with the last copy.
class GivenHandler {
 public:
  GivenHandler(shmbus_handler handler, void* context, void (*release)(void*), WantedType type)
      : handler_(handler), context_(context), release_(release), type_(std::move(type)) {}
  GivenHandler(const GivenHandler&) = delete;
  GivenHandler& operator=(const GivenHandler&) = delete;
  ~GivenHandler() {
    if (release_ != nullptr) release_(context_);
  }

  /// *Throws* where the handler failed: so the dispatcher learns of it.
  void operator()(const Event& event) const {
    if (!type_.take(event)) return;
    const OwnPlace place;
    place->show(event);
    const int result = handler_(&place->shown, context_);
    if (result != 0) throw std::runtime_error("the handler returned " + std::to_string(result));
  }

  const WantedType& type() const noexcept { return type_; }

 private:
  shmbus_handler handler_;
  void* context_;
  void (*release_)(void*);
  WantedType type_;
};

/// Calls `work(Subscription&)`.
template <class Work>
shmbus_status with_subscription(shmbus_subscription handle, Work&& work) {
  return guarded([&] {
    const std::shared_ptr<Subscription> subscription = share<SubscriptionObject>(handle.number);
    return subscription == nullptr ? invalid_handle("subscription") : static_cast<shmbus_status>(work(*subscription));
  });
}

}  // namespace

}  // namespace shmbus::c

using c::SubscriptionObject;

shmbus_status shmbus_subscribe(shmbus_bus bus, const char* pattern, shmbus_handler handler, void* context,
                               const shmbus_dispatch_options* options, const shmbus_type* type,
                               shmbus_subscription* subscription) {
  if (subscription != nullptr) *subscription = {};
  struct Release {  // where there is no GivenHandler yet
    void (*function)(void*) = nullptr;
    void* context;
    ~Release() {
      if (function != nullptr) function(context);
    }
  } release{nullptr, context};
  return c::guarded([&] {
    const shmbus_dispatch_options o =
        c::given(options, shmbus_dispatch_options SHMBUS_DISPATCH_OPTIONS_INIT, "shmbus_dispatch_options");
    release.function = o.release;
    GroupOptions group = c::group_options(o.group_options);
    if (pattern == nullptr) return c::invalid_argument("pattern");
    if (handler == nullptr) return c::invalid_argument("handler");
    if (subscription == nullptr) return c::invalid_argument("subscription");
    const DispatchOptions dispatch{.subscriber = c::subscriber_options(o.subscriber),
                                   .group = c::text_or_empty(o.group),
                                   .group_options = std::move(group),
                                   .workers = o.workers,
                                   .queue = o.queue,
                                   .queue_bytes = o.queue_bytes};
    auto object = std::make_unique<SubscriptionObject>();
    const auto call = std::make_shared<const c::GivenHandler>(handler, context, o.release, c::WantedType(type));
    release.function = nullptr;
    return c::with_bus(bus, [&](Bus& b) {
      const auto hand_out = [call](const Event& event) { (*call)(event); };
      object->shared = std::make_shared<Subscription>(
          call->type().any() ? b.subscribe(pattern, hand_out, dispatch)
                             : b.subscribe(pattern, hand_out, dispatch, call->type().info()));
      return c::open_handle(std::move(object), subscription->number);
    });
  });
}

shmbus_status shmbus_subscription_close(shmbus_subscription subscription) {
  return c::guarded([&] {
    const auto object = c::take<SubscriptionObject>(subscription.number);
    if (object == nullptr) return c::invalid_handle("subscription");
    object->shared->stop();  // a call in another thread may hold it longer
    return static_cast<shmbus_status>(SHMBUS_OK);
  });
}

shmbus_status shmbus_subscription_stop(shmbus_subscription subscription, int64_t timeout) {
  return c::with_subscription(subscription, [&](Subscription& s) {
    return s.stop(c::timeout(timeout).length()) ? SHMBUS_OK : c::fail(Status::timed_out, "subscription", "");
  });
}

shmbus_status shmbus_subscription_wait(shmbus_subscription subscription, int64_t timeout) {
  return c::with_subscription(subscription, [&](Subscription& s) {
    return s.wait(c::timeout(timeout).length()) ? SHMBUS_OK : c::fail(Status::timed_out, "subscription", "");
  });
}

shmbus_status shmbus_subscription_status(shmbus_subscription subscription) {
  return c::with_subscription(subscription, [&](Subscription& s) {
    const Status status = s.status();
    return status == Status::ok ? SHMBUS_OK : c::fail(status, "subscription", "");
  });
}

shmbus_status shmbus_subscription_counts_of(shmbus_subscription subscription, shmbus_subscription_counts* counts) {
  if (counts == nullptr) return c::invalid_argument("counts");
  return c::with_subscription(subscription, [&](Subscription& s) {
    shmbus_subscription_counts result SHMBUS_SUBSCRIPTION_COUNTS_INIT;
    result.handled = s.handled();
    result.handler_errors = s.handler_errors();
    result.lost = s.lost();
    result.demoted = s.demoted();
    result.standing_by = s.standing_by();
    c::write_result(result, counts, "shmbus_subscription_counts");
    return SHMBUS_OK;
  });
}

shmbus_status shmbus_subscription_unattached(shmbus_subscription subscription, const char** json) {
  if (json == nullptr) return c::invalid_argument("json");
  *json = "";
  return c::with_subscription(subscription, [&](Subscription& s) {
    *json = c::keep_for_thread<struct SubscriptionUnattached>(c::json_of(s.unattached()));
    return SHMBUS_OK;
  });
}
