#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "client/bus_core.hpp"
#include "client/topic_port.hpp"
#include "shmbus/detail/poll_state.hpp"
#include "shmbus/unattached_topic.hpp"

namespace shmbus::detail {

/// The topics of one subscriber: those it reads, and those that match and could not be attached. One thread at a time.
///
/// T1 A topic that could not be attached is tried again whenever topics come or go, and once a stall limit; where it
///    was there before the subscriber, from the subscriber's own start, else from its first event. What has left the
///    ring by then counts as lost.
/// T2 A removed topic is read to its end, and let go when no living publisher has a port there: until then an open
///    claim or loan may still be committed.
class TopicSet {
 public:
  TopicSet(std::shared_ptr<BusCore> bus, const registry::StandingSubscription& standing, unsigned entry, Start start,
           PollState& state);

  /// Attaches what is there. Throws Error where the pattern names one topic, and that can't be attached.
  void attach_first();
  /// Attaches what has come, lets go what has gone, and tries again what could not be attached. Never throws: what
  /// can't be done now is done later.
  void refresh() noexcept;
  /// Finds segments that were cut short, and ports that were placed twice.
  void check() noexcept;
  /// Gives all ports back.
  void leave() noexcept;

  std::size_t size() const noexcept { return state_.topics.size(); }
  TopicPort& port(std::size_t i) const noexcept { return port_of(*state_.topics[i]); }
  std::vector<UnattachedTopic> unattached() const;
  /// How many times it has tried to attach what matches: only then `unattached` may change.
  std::uint64_t passes() const noexcept { return passes_; }
  /// Something is to be tried again after a while, however seldom topics come and go.
  bool unfinished() const noexcept { return retry_ || !missing_.empty() || removed_ != 0; }
  /// Topics that are there, and read.
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
    Start start;  // where to begin once it can be
    UnattachedTopic told;
    bool seen = true;  // in this pass
  };

  void attach_all(bool first_time);
  void attach(const Topic& topic, bool first_time);
  void note_missing(const Topic& topic, Start start, const Error& error);
  void let_go(const std::vector<Topic>& ready);
  static bool finished(TopicPort& topic) noexcept;
  void show_missing() const;
  bool has(const Topic& topic) const noexcept;

  std::shared_ptr<BusCore> bus_;
  const registry::StandingSubscription& standing_;
  unsigned entry_;
  Start start_;
  std::int64_t began_ns_;  // of the system clock
  PollState& state_;
  std::vector<Missing> missing_;
  std::size_t removed_ = 0;  // topics among those read that were removed
  std::uint64_t passes_ = 0;
  bool retry_ = false;             // a pass was not finished for want of memory
  std::uint64_t lost_before_ = 0;  // in topics that were let go
  std::uint64_t delivered_before_ = 0;
};

}  // namespace shmbus::detail
