#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "client/attached_topic.hpp"
#include "client/bus_core.hpp"
#include "client/durable_subscription.hpp"
#include "client/topic_joiner.hpp"
#include "shmbus/detail/poll_state.hpp"
#include "shmbus/unattached_topic.hpp"

namespace shmbus::detail {

/// The topics of one subscriber: those it reads, and those that match and could not be attached. One thread at a time.
///
/// T1 A topic that could not be attached is tried again whenever topics come or go, and once per stall limit. If it
///    existed before the subscriber, it is read from the subscriber's own start, else from its first event. Events
///    that have left the ring by then count as lost.
/// T2 A removed topic is read to its end, and detached when no living publisher has a port there. Until then, an open
///    claim or loan may still be committed.
class TopicSet {
 public:
  /// `durable` is null for a subscriber that is not durable, `joiner` for one that is no member of a group.
  TopicSet(std::shared_ptr<BusCore> bus, const registry::StandingSubscription& standing, unsigned entry, Start start,
           See see, PollState& state, DurableSubscription* durable, TopicJoiner* joiner);

  /// Attaches the existing topics. *Throws* Error where the pattern names one topic, and that can't be attached.
  void attach_first();
  /// Does the same for a subscriber that stood by, and tries again what can't be attached now.
  void take_over() noexcept;
  /// Attaches new topics, detaches removed ones, and tries again those that could not be attached. Never throws: what
  /// can't be done now is done later.
  void refresh() noexcept;
  /// Finds segments that were cut short, and ports that were placed twice.
  void check() noexcept;
  /// Gives all ports back.
  void leave() noexcept;

  std::size_t size() const noexcept { return state_.topics.size(); }
  AttachedTopic& port(std::size_t i) const noexcept { return attached_topic(*state_.topics[i]); }
  std::vector<UnattachedTopic> unattached() const;
  /// How many passes have tried to attach matching topics: `unattached` changes only in a pass.
  std::uint64_t passes() const noexcept { return passes_; }
  /// Whether something is to be tried again after a while, even if no topics come or go.
  bool unfinished() const noexcept { return retry_ || !missing_.empty() || removed_ != 0; }
  /// How many topics are attached, without removed ones.
  std::size_t attached() const noexcept { return size() - removed_; }
  bool generation_changed(std::memory_order order) const noexcept {
    return state_.generation->load(order) != state_.seen_generation;
  }

  std::uint64_t lost() const noexcept;
  std::uint64_t delivered() const noexcept;
  Status status() const noexcept;

 private:
  using Topic = registry::TopicTable::Topic;
  /// A matching topic that is not attached.
  struct Missing {
    std::uint64_t id;
    Start start;  // where to begin once it can be attached
    UnattachedTopic report;
    bool seen = true;  // in this pass
  };

  void attach_all(bool first_time);
  void attach(const Topic& topic, bool first_time);
  std::shared_ptr<AttachedTopic> attach_segment(std::shared_ptr<topic::TopicSegment> segment, Start start);
  void note_missing(const Topic& topic, Start start, const Error& error);
  void release_removed(const std::vector<Topic>& ready);
  static bool finished(AttachedTopic& topic) noexcept;
  void show_missing() const;
  bool has(const Topic& topic) const noexcept;
  bool covers(const base::TopicName& topic) const noexcept;

  std::shared_ptr<BusCore> bus_;
  const registry::StandingSubscription& standing_;
  unsigned entry_;
  Start start_;
  See see_;
  std::int64_t began_ns_;  // of the system clock
  PollState& state_;
  DurableSubscription* durable_;
  TopicJoiner* joiner_;
  std::vector<Missing> missing_;
  std::size_t removed_ = 0;  // topics among those read that were removed
  std::uint64_t passes_ = 0;
  bool retry_ = false;             // a pass could not finish because memory was short
  std::uint64_t lost_before_ = 0;  // in topics that were detached
  std::uint64_t delivered_before_ = 0;
};

}  // namespace shmbus::detail
