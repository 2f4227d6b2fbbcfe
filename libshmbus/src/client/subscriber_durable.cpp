// What a SubscriberCore does for a durable name: takes it over, and acknowledges.

#include <algorithm>

#include "client/subscriber_core.hpp"
#include "platform/clock.hpp"
#include "platform/futex.hpp"
#include "shmbus/detail/crash_point.hpp"
#include "shmbus/error.hpp"

namespace shmbus::detail {

/// The name is tried where the watch finds it free, or the bell was rung since: a holder that ends rings it.
bool SubscriberCore::take_over() noexcept {
  const std::uint32_t bell = bell_->load(std::memory_order_acquire);
  const bool due = durable_->name_free() || bell != standby_bell_;
  standby_bell_ = bell;
  try {
    if (due && usable() && durable_->take()) {
      SHMBUS_CRASH_POINT("standby.taken");
      durable_->end_standby();
      standing_.standing_by = false;
      bus_->subscriptions().end_standby(entry_, standing_);
      wait_for_creators();
      topics_->take_over();
      SHMBUS_CRASH_POINT("standby.attached");
      durable_->establish();
      durable_->acknowledged();
      update_pending();
      return true;
    }
  } catch (const Error& error) {
    durable_->report(error, "not taken over");
  } catch (const std::exception&) {
    // No memory: the next poll tries again.
  }
  if (standing_by() && doorbell_) nothing_polled();
  return !standing_by();
}

bool SubscriberCore::wait_to_take_over(std::uint64_t deadline) noexcept {
  constexpr std::uint64_t kBetweenTries = 1'000'000;  // ns; another one that stands by may have been faster
  for (;;) {
    const std::uint32_t bell = bell_->load(std::memory_order_acquire);
    if (interrupted() || !usable()) return false;
    if (take_over()) return true;
    const std::uint64_t now = platform::monotonic_ns();
    if (now >= deadline) return false;
    const std::uint64_t longest = durable_->name_free() ? kBetweenTries : bus_->registry().recorded().stall_limit_ns;
    platform::futex_wait(*bell_, bell, std::chrono::nanoseconds(std::min(deadline - now, longest)));
  }
}

void SubscriberCore::flush_handled() noexcept {
  for (const auto& topic : state_.topics) {
    AttachedTopic& attached = attached_topic(*topic);
    try {
      if (attached.cursor) attached.cursor->flush();
    } catch (const Error& error) {
      durable_->report(error);
    }
  }
}

/// Everything before the next event of each topic was handed out by an earlier poll, or skipped.
void SubscriberCore::acknowledge_polled() noexcept {
  if (options_.acknowledge != Acknowledge::next_poll) return;
  for (const auto& topic : state_.topics) {
    AttachedTopic& attached = attached_topic(*topic);
    if (!attached.cursor) continue;
    try {
      if (attached.next_sequence() - 1 <= attached.cursor->acknowledged()) continue;
      attached.cursor->acknowledge(attached.next_sequence() - 1);
      durable_->acknowledged();
    } catch (const Error& error) {
      durable_->report(error);
    }
  }
}

/// Whether publishers may wait for an acknowledgement that only the next poll makes.
bool SubscriberCore::holds_unacknowledged() const noexcept {
  if (!durable_ || !durable_->holds_places() || durable_->failed()) return false;
  if (options_.acknowledge != Acknowledge::next_poll) return false;
  return std::any_of(state_.topics.begin(), state_.topics.end(), [](const auto& topic) {
    const AttachedTopic& attached = attached_topic(*topic);
    return attached.cursor && attached.cursor->place() != nullptr &&
           attached.next_sequence() - 1 > attached.cursor->acknowledged();
  });
}

bool SubscriberCore::acknowledge(const EventSource& source, std::uint64_t sequence) {
  if (!durable_) {
    throw Error(ErrorCode::invalid_option,
                {"Subscriber '" + standing_.pattern.text() + "'", "a durable one, to acknowledge an event",
                 "one without a durable name", "give it one (SubscriberOptions::durable)"});
  }
  if (closed_ || bus_->node().forked()) return false;
  for (const auto& topic : state_.topics) {
    if (topic->source.origin.topic != source.origin.topic) continue;
    AttachedTopic& attached = attached_topic(*topic);
    if (!attached.cursor || sequence >= attached.next_sequence()) return false;
    attached.cursor->acknowledge(sequence);
    durable_->acknowledged();
    return true;
  }
  return false;
}

}  // namespace shmbus::detail
