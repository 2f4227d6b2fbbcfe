#include "c/subscriber_options.hpp"

#include "c/option_struct.hpp"
#include "c/values.hpp"

namespace shmbus::c {

SubscriberOptions subscriber_options(const shmbus_subscriber_options* options) {
  const shmbus_subscriber_options o =
      given(options, shmbus_subscriber_options SHMBUS_SUBSCRIBER_OPTIONS_INIT, "shmbus_subscriber_options");
  check_choice("delivery", o.delivery, SHMBUS_DELIVERY_RELIABLE);
  check_choice("see", o.see, SHMBUS_SEE_DURABLE);
  check_choice("acknowledge", o.acknowledge, SHMBUS_ACKNOWLEDGE_MANUAL);
  SubscriberOptions result;
  result.start = start(o.start, o.start_value, o.start_after);
  result.delivery = o.delivery == SHMBUS_DELIVERY_RELIABLE ? Delivery::reliable : Delivery::lossy;
  result.demote_after = std::chrono::nanoseconds(o.demote_after);
  result.wait = wait(o.wait);
  result.see = o.see == SHMBUS_SEE_DURABLE ? See::durable : See::published;
  result.name = text_or_empty(o.name);
  if (o.record_no_calls) {
    result.record_calls = 0;
  } else if (o.record_calls != 0) {
    result.record_calls = o.record_calls;
  }
  result.durable = text_or_empty(o.durable);
  result.acknowledge = o.acknowledge == SHMBUS_ACKNOWLEDGE_MANUAL ? Acknowledge::manual : Acknowledge::next_poll;
  result.standby = o.standby;
  result.hold_for = std::chrono::nanoseconds(o.hold_for);
  return result;
}

}  // namespace shmbus::c
