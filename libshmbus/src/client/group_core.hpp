#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/group_name.hpp"
#include "client/bus_core.hpp"
#include "client/group_topic.hpp"
#include "client/group_watch.hpp"
#include "client/subscriber_core.hpp"
#include "client/topic_joiner.hpp"
#include "client/turn.hpp"
#include "shmbus/group_options.hpp"
#include "shmbus/lease.hpp"
#include "shmbus/topic_info.hpp"

namespace shmbus::detail {

/// A member of a group: the topic that it works on, the one of what is tried again (`<topic>.retry.<group>`), and how it
/// waits. Any thread; one at a time takes, and the others queue for that.
class GroupCore final : private TopicJoiner {
 public:
  /// *Throws* Error.
  GroupCore(std::shared_ptr<BusCore> bus, const base::TopicName& topic, const base::GroupName& name,
            const GroupOptions& options);
  ~GroupCore() override;

  /// Returns no lease where the time is over, and once it is interrupted or closed.
  Lease take(std::chrono::nanoseconds timeout);
  void interrupt() noexcept { subscriber_->interrupt(); }

  const base::TopicName& topic() const noexcept { return topic_; }
  const base::GroupName& name() const noexcept { return name_; }
  Status status() noexcept;
  bool cautious() noexcept;
  std::uint64_t lost() noexcept;
  std::vector<DifferentOption> different() noexcept;
  /// Whether `take` will return nothing more.
  bool closed() noexcept;
  std::uint64_t id() const noexcept { return subscriber_->standing().id; }
  const registry::StandingSubscription& standing() const noexcept { return subscriber_->standing(); }
  const PollState& state() const noexcept { return subscriber_->state(); }

 private:
  bool covers(const base::TopicName& topic) const noexcept override;
  std::shared_ptr<AttachedTopic> join(const std::shared_ptr<topic::TopicSegment>& segment,
                                      const registry::StandingSubscription& subscription, Start start) override;
  bool ready() noexcept override;

  void refresh();
  bool try_take(Lease& lease);
  void sleep(std::uint64_t deadline);
  void watch_members();
  bool usable() const noexcept { return bus_->open() && !subscriber_->interrupted(); }

  std::shared_ptr<BusCore> bus_;
  base::TopicName topic_;
  base::GroupName name_;
  std::shared_ptr<const GroupOptions> options_;
  group::Settings wanted_;
  std::string member_;
  std::string retry_;  // name of the other topic; empty: it would be too long
  Turn turn_;
  std::mutex topics_mutex_;                          // of the list, for threads that ask
  std::vector<std::shared_ptr<GroupTopic>> topics_;  // changed by the taking thread, under both
  std::size_t next_ = 0;                             // the topic that is looked at first
  std::unique_ptr<SubscriberCore> subscriber_;
  std::unique_ptr<GroupWatch> watch_;  // where there are members of other nodes
};

/// Checks options, and says what a new group's file records. *Throws* Error, `invalid_option`.
group::Settings check_options(const base::TopicName& topic, const base::GroupName& name, const GroupOptions& options);

/// See Bus::remove_group. *Throws* Error.
bool remove_group(BusCore& bus, const base::TopicName& topic, const base::GroupName& name);

}  // namespace shmbus::detail
