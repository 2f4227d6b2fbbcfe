#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "base/pattern.hpp"
#include "client/bus_core.hpp"
#include "client/doorbell.hpp"
#include "client/durable_subscription.hpp"
#include "client/poll_pace.hpp"
#include "client/topic_set.hpp"
#include "platform/fork_guard.hpp"
#include "shmbus/detail/poll_state.hpp"
#include "trace/call_recorder.hpp"

namespace shmbus::detail {

/// A standing subscription, the topics that it covers so far, and how it waits. One thread at a time.
class SubscriberCore : private platform::ForkListener {
 public:
  /// `joiner` attaches the topics of a group's member; else null. It must outlive this. *Throws* Error.
  SubscriberCore(std::shared_ptr<BusCore> bus, const base::Pattern& pattern, const SubscriberOptions& options,
                 TopicJoiner* joiner = nullptr);
  ~SubscriberCore() override;

  PollState& state() noexcept { return state_; }
  /// Records the handler calls of polls from now on, as the options say. A dispatcher has a recorder of its own.
  void record_calls() noexcept;
  bool refresh() noexcept;
  void nothing_polled() noexcept;
  void end_in_handler(std::shared_ptr<SubscriberCore> self) noexcept;

  bool wait(std::chrono::nanoseconds timeout);
  int fd();
  void interrupt() noexcept;

  /// Acknowledges the event and all before it in its topic, for a durable subscriber. Returns false where it does not
  /// read that topic. *Throws* Error.
  bool acknowledge(const EventSource& source, std::uint64_t sequence);
  /// Writes the positions up to which the workers of a durable subscription have handled the events. The polling thread.
  void flush_handled() noexcept;
  /// Null for a subscriber that is not durable.
  DurableSubscription* durable() const noexcept { return durable_.get(); }
  bool standing_by() const noexcept { return standing_.standing_by; }
  /// Sleeps until the time has passed, or the subscriber or its bus is interrupted. Any thread.
  void pause(std::chrono::nanoseconds time) const noexcept;
  /// Sleeps until the bell is rung, unless the joiner is ready, or the time has passed.
  void rest(std::chrono::nanoseconds time) noexcept;
  bool interrupted() const noexcept { return interrupted_.load(std::memory_order_acquire) || bus_->interrupted(); }

  Status status() const noexcept;
  /// Returns the status of the topics alone, without a system call.
  Status topics_status() const noexcept;
  bool demoted() const noexcept;
  const TopicSet& topics() const noexcept { return *topics_; }
  const base::Pattern& pattern() const noexcept { return standing_.pattern; }
  const registry::StandingSubscription& standing() const noexcept { return standing_; }

 private:
  void in_child() noexcept override;
  bool usable() const noexcept { return !closed_ && bus_->open(); }
  void leave() noexcept;
  void update_pending() noexcept;
  void list();
  void begin();
  bool take_over() noexcept;
  bool wait_to_take_over(std::uint64_t deadline) noexcept;
  void acknowledge_polled() noexcept;
  bool holds_unacknowledged() const noexcept;
  void wait_for_creators();
  bool any_ready() noexcept;
  bool look_everywhere() noexcept;
  bool prepare_sleep() noexcept;
  void end_sleep() noexcept;
  bool spin_until(std::uint64_t end) noexcept;
  bool sleep_until(std::uint64_t deadline) noexcept;
  bool maintain() noexcept;
  std::uint64_t longest_sleep() const noexcept;

  std::shared_ptr<BusCore> bus_;
  SubscriberOptions options_;
  TopicJoiner* joiner_;
  registry::StandingSubscription standing_;
  unsigned entry_ = 0;
  std::atomic<std::uint32_t>* bell_ = nullptr;  // of the subscription
  PollState state_;
  std::unique_ptr<DurableSubscription> durable_;  // outlives the topics: it drops the name last
  std::unique_ptr<TopicSet> topics_;
  std::uint32_t standby_bell_ = 0;  // its value when the name was last tried
  bool closed_ = false;
  std::atomic<bool> interrupted_{false};
  PollPace empty_pace_, pending_pace_;
  std::uint32_t pending_polls_left_ = 1;
  std::uint64_t maintained_ = 0;  // monotonic ns
  std::unique_ptr<Doorbell> doorbell_;
  std::unique_ptr<trace::CallRecorder> recorder_;
};

}  // namespace shmbus::detail
