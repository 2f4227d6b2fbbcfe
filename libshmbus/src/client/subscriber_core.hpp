#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/bus_core.hpp"
#include "client/doorbell.hpp"
#include "client/topic_port.hpp"
#include "platform/fork_guard.hpp"
#include "shmbus/subscriber_poll.hpp"

namespace shmbus::detail {

/// A standing subscription, the topics it covers so far, and how it waits. One thread at a time.
class SubscriberCore : private platform::ForkListener {
 public:
  /// Throws Error.
  SubscriberCore(std::shared_ptr<BusCore> bus, const std::string& pattern, const SubscriberOptions& options);
  ~SubscriberCore() override;

  PollState& state() noexcept { return state_; }
  bool refresh() noexcept;
  void nothing_polled() noexcept;

  bool wait(std::chrono::nanoseconds timeout);
  int fd();
  void interrupt() noexcept;

  std::uint64_t lost() const noexcept;
  std::uint64_t delivered() const noexcept;
  Status status() const noexcept;
  bool demoted() const noexcept;
  const std::string& pattern() const noexcept { return standing_.pattern; }

 private:
  void in_child() noexcept override;
  bool usable() const noexcept { return !closed_ && bus_->open(); }
  bool interrupted() const noexcept { return interrupted_.load(std::memory_order_acquire) || bus_->interrupted(); }
  void attach_topics(bool first_time);
  void attach_topic(const registry::TopicTable::Topic& topic, bool first_time);
  void leave() noexcept;
  void wait_for_creators();
  void drop_removed(const std::vector<registry::TopicTable::Topic>& ready);
  TopicPort& port(std::size_t i) const noexcept { return static_cast<TopicPort&>(*state_.topics[i]); }
  bool attached(const registry::TopicTable::Topic& topic) const noexcept;
  bool any_ready() noexcept;
  bool look_everywhere() noexcept;
  bool prepare_sleep() noexcept;
  void end_sleep() noexcept;
  bool spin_until(std::uint64_t end) noexcept;
  bool sleep_until(std::uint64_t deadline) noexcept;
  void look_after() noexcept;
  std::uint64_t longest_sleep() const noexcept;

  std::shared_ptr<BusCore> bus_;
  SubscriberOptions options_;
  registry::StandingSubscription standing_;
  unsigned entry_ = 0;
  PollState state_;
  bool closed_ = false;
  std::atomic<bool> interrupted_{false};
  std::uint64_t lost_before_ = 0;  // in topics that were removed meanwhile
  std::uint64_t delivered_before_ = 0;
  bool retry_ = false;              // a topic could not be attached for want of something
  std::uint64_t looked_after_ = 0;  // monotonic ns
  std::unique_ptr<Doorbell> doorbell_;
};

}  // namespace shmbus::detail
